import assert from "node:assert/strict";
import { request as http1Request } from "node:http";
import { connect, type OutgoingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";
import { after, before, suite, test } from "node:test";
import {
  toCallerHeaders,
  toUpstreamHeaders,
} from "../../../gateway/headers.ts";
import {
  createOnePortServer,
  type HttpRequest,
  type OnePortServer,
} from "../../../wire/index.ts";

suite("The header fields of a request, as they are sent on", () => {
  let server: OnePortServer;
  let address: AddressInfo;
  let received: (request: HttpRequest) => void = () => {};

  before(async () => {
    server = createOnePortServer({
      onRequest(request, response) {
        received(request);
        response.end();
      },
    });
    address = await server.listen({ host: "127.0.0.1", port: 0 });
  });
  after(() => server.close(0));

  /** Send a request, and tell what would be sent on. */
  function sentOn(
    version: "HTTP/1.1" | "HTTP/2",
    headers: OutgoingHttpHeaders,
    path = "/a.B/C",
  ): Promise<OutgoingHttpHeaders> {
    return new Promise((resolve, reject) => {
      received = (request) => resolve(toUpstreamHeaders(request));
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
      // HTTP/2 allows no other value.
      const te = version === "HTTP/2" ? "trailers" : "gzip, trailers;q=0.5";
      assert.equal((await sentOn(version, { te }))["te"], "trailers");
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

suite("The header fields of a response, as they are sent back", () => {
  test("carry the instance's own, more than one cookie included", () => {
    const headers = toCallerHeaders({
      "content-type": "application/grpc",
      "grpc-status": "0",
      "set-cookie": ["a=1", "b=2"],
    });
    assert.deepEqual(headers, {
      "content-type": "application/grpc",
      "grpc-status": "0",
      "set-cookie": ["a=1", "b=2"],
    });
  });

  test("lack those that concern one hop only", () => {
    const headers = toCallerHeaders({
      connection: "x-hop",
      "x-hop": "1",
      "keep-alive": "timeout=5",
      "transfer-encoding": "chunked",
      upgrade: "h2c",
      "x-kept": "1",
    });
    assert.deepEqual(headers, { "x-kept": "1" });
  });

  test("lack the instance's opinion about other origins", () => {
    const headers = toCallerHeaders({
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "x-a",
      "x-kept": "1",
    });
    assert.deepEqual(headers, { "x-kept": "1" });
  });
});
