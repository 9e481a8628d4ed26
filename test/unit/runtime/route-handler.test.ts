// What the caller of a handler gets: over each protocol and both HTTP versions,
// through a real listener.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Code as ConnectCode, ConnectError } from "@connectrpc/connect";
import { httpVersions, sendRequest } from "../../support/raw-http.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import {
  expectResponse,
  fieldOf,
} from "../../support/raw-http2/expectations.ts";
import { data, FrameType } from "../../support/raw-http2/frames.ts";
import {
  callRaw,
  encodeMessage,
  headersOf,
  type RawKind,
  rawKinds,
  readFailure,
  readLateFailure,
} from "../../support/raw-rpc.ts";
import { greeterThat, PATHS, startGreeter } from "./greeter-server.ts";

const JOHN = '{"name":"john"}';
const method = "greeter.v1.GreeterService/Hello";
const json = { "content-type": "application/json" };

/** What a unary method is called with. */
const kinds = rawKinds.filter(
  ({ protocol }) =>
    protocol !== "gRPC-Web text" && protocol !== "Connect streaming",
);

const name = ({ protocol, version }: RawKind) => `${protocol} over ${version}`;

describe("an answer", () => {
  for (const kind of kinds) {
    test(`has the application's header fields and a date, with ${name(kind)}`, async () => {
      await using server = await startGreeter(
        greeterThat(({ responseHeader }) => {
          responseHeader.append("x-list", "a");
          responseHeader.append("x-list", "b");
          responseHeader.append("set-cookie", "c=1");
          responseHeader.append("set-cookie", "d=2");
          responseHeader.set("x-latin1", "caf\u00e9");
        }),
      );
      const { status, headers } = await callRaw(
        kind,
        { url: server.url, method },
        JOHN,
      );
      assert.equal(status, 200);
      assert.equal(headers["x-list"], "a, b");
      assert.equal(headers["x-latin1"], "caf\u00e9");
      assert.deepEqual(headers["set-cookie"], ["c=1", "d=2"]);
      assert.ok(Date.parse(String(headers["date"])) > 0);
    });

    test(`has the date that the application gave it, and one only, with ${name(kind)}`, async () => {
      const date = "Sun, 06 Nov 1994 08:49:37 GMT";
      await using server = await startGreeter(
        greeterThat(({ responseHeader }) => responseHeader.set("date", date)),
      );
      const target = { url: server.url, method };
      const { headers } = await callRaw(kind, target, JOHN);
      assert.equal(headers["date"], date);
    });

    for (const value of ["a\u0001b", "a\u007fb"]) {
      test(`that HTTP can't carry (${JSON.stringify(value)}) becomes internal, with ${name(kind)}`, async () => {
        await using server = await startGreeter(
          greeterThat(({ responseHeader }) => responseHeader.set("x", value)),
        );
        const target = { url: server.url, method };
        const response = await callRaw(kind, target, JOHN);
        assert.deepEqual(readFailure(kind.protocol, response), {
          code: "internal",
          message: "internal error",
        });
        assert.equal(response.headers["x"], undefined);
      });
    }

    test(`leaves out what concerns a connection, with ${name(kind)}`, async () => {
      const fields = { "keep-alive": "timeout=7", upgrade: "h2c", te: "x" };
      await using server = await startGreeter(
        greeterThat(({ responseHeader }) => {
          for (const [name, value] of Object.entries(fields))
            responseHeader.set(name, value);
        }),
      );
      const target = { url: server.url, method };
      const { status, headers } = await callRaw(kind, target, JOHN);
      assert.equal(status, 200);
      for (const [name, value] of Object.entries(fields))
        assert.notEqual(headers[name], value);
    });
  }

  test("has an internal status if HTTP can't carry its trailers", async () => {
    await using server = await startGreeter(
      greeterThat(({ responseTrailer }) => responseTrailer.set("x", "\u0001")),
    );
    const kind = { protocol: "gRPC", version: "h2c" } as const;
    const target = { url: server.url, method };
    const response = await callRaw(kind, target, JOHN);
    const { failure } = readLateFailure("gRPC", response);
    assert.deepEqual(failure, { code: "internal", message: "internal error" });
  });

  test("that HTTP can't carry does not reset a request that goes on", async () => {
    await using server = await startGreeter({
      async helloAll(_requests, { responseHeader }) {
        responseHeader.set("x", "\u0001");
        return {};
      },
    });
    using client = await connectRaw({ port: server.port });
    const fields = Object.entries(headersOf("gRPC"));
    const parts = { method: "POST", path: PATHS.helloAll, fields };
    client.request(1, parts, { endStream: false });
    const { blocks } = await expectResponse(client, 1, 200);
    assert.equal(fieldOf(blocks[0] ?? [], "grpc-status"), "13");
    client.send(data(1, encodeMessage("gRPC", "{}"), { endStream: true }));
    client.request(3, { ...parts, path: "/nothing" });
    await expectResponse(client, 3, 404);
    const resets = client.frames.filter(
      ({ type }) => type === FrameType.rstStream,
    );
    assert.deepEqual(resets, []);
  });

  test("has its message encoded only where gRPC requires it", async () => {
    await using server = await startGreeter(
      greeterThat(() => {
        throw new ConnectError("a: b/c, 100% Zo\u00eb", ConnectCode.NotFound);
      }),
    );
    const kind = { protocol: "gRPC", version: "h2c" } as const;
    const target = { url: server.url, method };
    const { trailers } = await callRaw(kind, target, JOHN);
    assert.equal(trailers["grpc-message"], "a: b/c, 100%25 Zo%C3%AB");
  });

  test("keeps a message that is no percent-encoding as the application set it", async () => {
    await using server = await startGreeter(
      greeterThat(({ responseTrailer }) =>
        responseTrailer.set("grpc-message", "100% %zz"),
      ),
    );
    const kind = { protocol: "gRPC", version: "h2c" } as const;
    const target = { url: server.url, method };
    const { trailers } = await callRaw(kind, target, JOHN);
    assert.equal(trailers["grpc-message"], "100% %zz");
  });

  for (const version of httpVersions) {
    test(`is a 404 where nothing is served, over ${version}`, async () => {
      await using server = await startGreeter({});
      const { status, body } = await sendRequest({
        ...{ version, url: server.url, path: "/nothing", headers: json },
        body: JOHN,
      });
      assert.deepEqual({ status, body: body.length }, { status: 404, body: 0 });
    });
  }
});

// JSON.parse() quotes half a character, which encodeURIComponent() throws at.
describe("a status that Connect can't write", () => {
  const unreadable = '{"name":🐚}';
  const quiet = kinds.filter(({ protocol }) => protocol !== "Connect unary");
  for (const kind of quiet) {
    test(`ends the call with an error, and is printed nowhere, with ${name(kind)}`, async ({
      mock,
    }) => {
      const printed = mock.method(process.stderr, "write", () => true);
      await using server = await startGreeter(greeterThat(() => {}));
      const target = { url: server.url, method };
      const failed = await callRaw(kind, target, unreadable);
      const { code } = readFailure(kind.protocol, failed);
      assert.equal(code, "internal");
      const { status } = await callRaw(kind, target, JOHN);
      assert.equal(status, 200);
      assert.equal(printed.mock.callCount(), 0);
    });
  }
});
