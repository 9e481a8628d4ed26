// HTTP/1.1 connections that end before their time: because a stream is reset,
// or because a handler throws. What else came on them is not begun any more.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createHeaderBlock,
  createListener,
  ErrorCode,
  type ServerStream,
} from "../../../wire/index.ts";
import { startThrowing } from "../../support/throwing.ts";
import { until } from "../../support/until.ts";
import { answer, connectLine } from "./service.ts";

const OK = createHeaderBlock([[":status", "200"]]);

function post(path: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n`;
}

const PIPELINED = post("/reset") + post("/next") + post("/last");

describe("a reset is the end of its connection: what is pipelined is not begun", () => {
  const resets: [name: string, reset: (stream: ServerStream) => void][] = [
    ["at once", (stream) => stream.reset(ErrorCode.internalError)],
    [
      "later",
      (stream) => setImmediate(() => stream.reset(ErrorCode.internalError)),
    ],
    [
      "while it is held",
      (stream) => {
        stream.hold();
        setImmediate(() => {
          stream.reset(ErrorCode.internalError);
          stream.release();
        });
      },
    ],
    [
      "after its answer began",
      (stream) => {
        stream.respond(OK);
        setImmediate(() => stream.reset(ErrorCode.internalError));
      },
    ],
  ];
  for (const [name, reset] of resets) {
    it(name, async () => {
      const begun: (string | undefined)[] = [];
      const listener = createListener({
        onRequest(stream, { path }) {
          begun.push(path);
          if (path === "/reset") reset(stream);
          else answer(stream, "fine");
        },
      });
      await using closing = new AsyncDisposableStack();
      closing.defer(() => listener.close(0));
      const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
      using line = await connectLine(port);
      line.send(PIPELINED);
      assert.doesNotMatch(await line.ended(), /fine/);
      using other = await connectLine(port);
      other.send(post("/other"));
      await other.expect(/HTTP\/1 fine/);
      assert.deepEqual(begun, ["/reset", "/other"]);
    });
  }
});

const PROGRAM = new URL("throwing-program.ts", import.meta.url);

const BODY = "5\r\nhello\r\n0\r\nx-t: 1\r\n\r\n";

function chunked(path: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n`;
}

const options = { concurrency: true };

describe(
  "an HTTP/1.1 handler that throws ends its connection, and no other, in",
  options,
  () => {
    for (const place of [
      "onRequest",
      "onData",
      "onTrailers",
      "onSent",
      "onClose",
    ] as const) {
      it(`${place}()`, async () => {
        await using server = await startThrowing(PROGRAM, place);
        using good = await connectLine(server.port);
        good.send(chunked("/good"));
        using bad = await connectLine(server.port);
        bad.send(chunked("/bad") + BODY);
        await bad.ended();
        await until("it is told", () => server.lines().length >= 2);
        good.send(BODY);
        await good.expect(/^HTTP\/1.1 200 [\s\S]*0\r\n\r\n$/);
        good.send(chunked("/more") + BODY);
        await until("its end", () =>
          server.lines().includes("/more is closed"),
        );
        assert.deepEqual(server.lines().sort(), [
          "/bad is closed",
          "/good is closed",
          "/more is closed",
          `uncaught in ${place}`,
        ]);
      });
    }

    it("onClose(), after the caller has left", async () => {
      await using server = await startThrowing(PROGRAM, "onClose");
      using good = await connectLine(server.port);
      good.send(chunked("/good"));
      using bad = await connectLine(server.port);
      bad.send(chunked("/bad"));
      bad.socket.resetAndDestroy();
      await until("it is told", () => server.lines().length >= 2);
      good.send(BODY);
      await until("its end", () => server.lines().includes("/good is closed"));
      assert.match(good.text, /^HTTP\/1.1 200 /);
      assert.deepEqual(server.lines().sort(), [
        "/bad is closed",
        "/good is closed",
        "uncaught in onClose",
      ]);
    });

    it("onRequest(), and what is pipelined is not begun", async () => {
      await using server = await startThrowing(PROGRAM, "onRequest");
      using bad = await connectLine(server.port);
      bad.send(post("/bad") + post("/next"));
      assert.equal(await bad.ended(), "");
      using good = await connectLine(server.port);
      good.send(post("/good"));
      await good.expect(/^HTTP\/1.1 200 /);
      await until("its end", () => server.lines().includes("/good is closed"));
      assert.deepEqual(server.lines().sort(), [
        "/bad is closed",
        "/good is closed",
        "uncaught in onRequest",
      ]);
    });
  },
);

it("a caller who hangs up in the midst of a request that was answered is gone at once", async () => {
  const ends: string[] = [];
  const listener = createListener({
    onRequest(stream) {
      stream.handler = {
        onData: (_stream, data) => stream.consume(data.length),
        onTrailers() {},
        onSent() {},
        onClose: () => ends.push(String(stream.closedBy)),
      };
      stream.respond(OK, true);
    },
  });
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
  using line = await connectLine(port);
  line.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc");
  await line.expect(/^HTTP\/1\.1 200/);
  line.socket.destroy();
  await until("its end is told", () => ends.length > 0);
  assert.deepEqual(ends, ["peer"]);
  await listener.close(0);
});
