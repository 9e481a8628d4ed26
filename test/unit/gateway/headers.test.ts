import assert from "node:assert/strict";
import { request as http1Request } from "node:http";
import { connect, type OutgoingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";
import { after, before, suite, test } from "node:test";
import {
  toCallerHeaders,
  toUpstreamHeaders,
  toUpstreamTrailers,
} from "../../../gateway/headers.ts";
import { planOf } from "../../../gateway/plan.ts";
import {
  createHeaderBlock,
  createListener,
  type HeaderBlock,
  HeaderField,
  type Listener,
} from "../../../wire/index.ts";

const noContent = createHeaderBlock([[":status", "204"]]);

suite("The header fields of a request, as they are sent on", () => {
  let listener: Listener;
  let address: AddressInfo;
  let received: (request: HeaderBlock) => void = () => {};

  before(async () => {
    listener = createListener({
      onRequest(stream, headers) {
        received(headers);
        stream.respond(noContent, true);
      },
    });
    address = await listener.listen({ host: "127.0.0.1", port: 0 });
  });
  after(() => listener.close(0));

  /** Send a request, and tell what would be sent on. */
  function sentOn(
    version: "HTTP/1.1" | "HTTP/2",
    headers: OutgoingHttpHeaders,
    path = "/a.B/C",
  ): Promise<Record<string, string>> {
    return new Promise((resolve, reject) => {
      received = (request) => resolve(fieldsOf(toUpstreamHeaders(request)));
      const { port } = address;
      if (version === "HTTP/1.1") {
        const options = { port, path, method: "POST", headers, agent: false };
        http1Request(options).on("error", reject).end();
        return;
      }
      const session = connect(`http://127.0.0.1:${port}`);
      const stream = session.request({
        ":method": "POST",
        ":path": path,
        ...headers,
      });
      stream.on("error", reject).on("close", () => session.close());
      stream.resume();
    });
  }

  for (const version of ["HTTP/1.1", "HTTP/2"] as const) {
    test(`carry the caller's own over ${version}, with path, query and authority`, async () => {
      const headers = await sentOn(
        version,
        { "x-tenant": "a, b", authorization: "Bearer x" },
        "/a.B/C?message=%7B%7D&encoding=json",
      );
      assert.equal(headers[":method"], "POST");
      assert.equal(headers[":path"], "/a.B/C?message=%7B%7D&encoding=json");
      assert.equal(headers[":scheme"], "http");
      const authority = String(headers[":authority"]);
      assert.match(authority, new RegExp(`^[\\w.]+:${address.port}$`));
      assert.equal(headers["host"], undefined);
      assert.equal(headers["x-tenant"], "a, b");
      assert.equal(headers["authorization"], "Bearer x");
    });

    test(`say "te: trailers" over ${version} just where the caller did`, async () => {
      const { te } = await sentOn(version, { te: "trailers" });
      assert.equal(te, "trailers");
      assert.equal((await sentOn(version, {}))["te"], undefined);
    });
  }

  test("lack those that concern one hop of HTTP/1.1 only", async () => {
    const headers = await sentOn("HTTP/1.1", {
      connection: "keep-alive, X-Hop,x-other-hop",
      "x-hop": "1",
      "x-other-hop": "1",
      "keep-alive": "timeout=5",
      "proxy-authorization": "Basic x",
      "proxy-connection": "keep-alive",
      te: "gzip",
      trailer: "x-late",
      "transfer-encoding": "chunked",
      upgrade: "h2c",
      "http2-settings": "AAMAAABkAAQAAP__",
      "x-kept": "1",
    });
    const names = Object.keys(headers).filter((name) => !name.startsWith(":"));
    assert.deepEqual(names, ["x-kept"]);
  });
});

suite("A request's header block", () => {
  const pseudo = [
    [":method", "POST"],
    [":scheme", "https"],
    [":authority", "gateway.test:8080"],
    [":path", "/a.B/C?x=1"],
  ] as const;

  test("gives the same plan and the same block to send on, each time", () => {
    const block = createHeaderBlock([...pseudo, ["x-a", "1"]]);
    const plan = planOf(block);
    assert.equal(planOf(block), plan);
    assert.equal(plan.upstreamHeaders, plan.upstreamHeaders);
    assert.equal(plan.path, "/a.B/C");
    const other = createHeaderBlock([...pseudo, ["x-a", "2"]]);
    assert.notEqual(planOf(other), plan);
  });

  test("gives a plan though somebody else has derived something, too", () => {
    const block = createHeaderBlock(pseudo);
    block.derived = { path: "/other" };
    assert.equal(planOf(block).path, "/a.B/C");
  });

  test("hands its fields on as they are, each of several too", () => {
    const secret = new HeaderField("authorization", "Bearer x", true);
    const block = createHeaderBlock([
      ...pseudo,
      secret,
      ["x-many", "1"],
      ["x-many", "2"],
      ["cookie", "a=1"],
      ["cookie", "b=2"],
    ]);
    const upstream = toUpstreamHeaders(block);
    assert.ok(upstream.fields.includes(secret));
    assert.deepEqual(upstream.fields.slice(-4), block.fields.slice(-4));
  });

  for (const [given, sentOn] of [
    ["gateway.test:8080", "gateway.test:8080"],
    ["[::1]:80", "[::1]:80"],
    ["", "invalid"],
    ["<>", "invalid"],
    ["a b", "invalid"],
    ["user@host", "invalid"],
    ["h\u00e9", "invalid"],
  ] as const) {
    for (const name of [":authority", "host"]) {
      test(`with ${name} ${JSON.stringify(given)} goes on with ${sentOn}`, () => {
        const [method, scheme, , path] = pseudo;
        const fields =
          name === "host"
            ? [method, scheme, path, [name, given] as const]
            : [method, scheme, [name, given] as const, path];
        const upstream = toUpstreamHeaders(createHeaderBlock(fields));
        assert.equal(upstream.authority, sentOn);
        assert.equal(upstream.get("host"), undefined);
      });
    }
  }
});

suite("A request's trailers", () => {
  test("go on, but for those that concern one hop", () => {
    const trailers = toUpstreamTrailers(
      createHeaderBlock([
        ["x-checksum", "1"],
        ["trailer", "x-a"],
      ]),
    );
    assert.deepEqual(fieldsOf(trailers), { "x-checksum": "1" });
  });

  test("are none if nothing is left of them", () => {
    const trailers = createHeaderBlock([["trailer", "x-a"]]);
    assert.equal(toUpstreamTrailers(trailers), undefined);
  });
});

suite("The header fields of a response, as they are sent back", () => {
  test("carry the instance's own, more than one cookie included", () => {
    const response = createHeaderBlock([
      [":status", "200"],
      ["content-type", "application/grpc"],
      ["grpc-status", "0"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
    assert.deepEqual(toCallerHeaders(response)?.fields, response.fields);
  });

  test("are the same object for the same block", () => {
    const response = createHeaderBlock([[":status", "200"]]);
    assert.equal(toCallerHeaders(response), toCallerHeaders(response));
  });

  test("lack those that concern one hop only", () => {
    const headers = toCallerHeaders(
      createHeaderBlock([
        [":status", "200"],
        ["proxy-authenticate", "Basic"],
        ["trailer", "x-late"],
        ["x-kept", "1"],
      ]),
    );
    assert.deepEqual(fieldsOf(headers), { ":status": "200", "x-kept": "1" });
  });

  test("lack the instance's opinion about other origins", () => {
    const headers = toCallerHeaders(
      createHeaderBlock([
        [":status", "200"],
        ["access-control-allow-origin", "*"],
        ["access-control-expose-headers", "x-a"],
        ["x-kept", "1"],
      ]),
    );
    assert.deepEqual(fieldsOf(headers), { ":status": "200", "x-kept": "1" });
  });
});

/** Fields by name; where one occurs several times, the last. */
function fieldsOf(block: HeaderBlock | undefined): Record<string, string> {
  const fields = block?.fields ?? [];
  return Object.fromEntries(fields.map(({ name, value }) => [name, value]));
}
