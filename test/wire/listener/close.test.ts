// How a listener stops: requests in flight are answered, nobody who said
// nothing holds it up, and what doesn't end in time is cut off. Over both
// versions, and without a window in which a request is lost.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connectRaw } from "../../support/raw-http2/client.ts";
import {
  expectClosed,
  expectGoaway,
  expectReset,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import {
  errorCode,
  type Frame,
  firstWord,
  hasFlag,
} from "../../support/raw-http2/frame-reader.ts";
import { Code, Flag, FrameType, ping } from "../../support/raw-http2/frames.ts";
import { answer, connectLine, startService } from "./service.ts";

/** Never reached: what is to close closes long before. */
const LONG_MS = 600_000;

/** How long closing may take in these tests, in milliseconds. */
const CLOSE_LIMIT_MS = 10_000;

const GET = "GET /ok HTTP/1.1\r\nhost: test\r\n\r\n";
const HOLD = "GET /hold HTTP/1.1\r\nhost: test\r\n\r\n";

/** Fail if closing takes too long. */
async function inTime(closing: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const limit = setTimeout(() => {
    late.reject(new Error("it does not close"));
  }, CLOSE_LIMIT_MS);
  try {
    await Promise.race([closing, late.promise]);
  } finally {
    clearTimeout(limit);
  }
}

function isGoaway({ type }: Frame): boolean {
  return type === FrameType.goaway;
}

describe("a listener that closes", () => {
  it("waits for nobody who is idle or silent", async () => {
    await using service = await startService();
    const { listener, port } = service;
    using silent = await connectLine(port);
    using kept = await connectLine(port);
    kept.send(GET);
    await kept.expect(/HTTP\/1 \/ok/);
    using idle = await connectRaw({ port });
    idle.request(1);
    await expectResponse(idle, 1, 200);
    using fresh = await connectRaw({ port });
    await fresh.frame("SETTINGS", ({ type }) => type === FrameType.settings);

    await inTime(listener.close(LONG_MS));
    await silent.ended();
    await kept.ended();
    await expectGoaway(idle, Code.noError);
    await expectGoaway(fresh, Code.noError);
    await assert.rejects(connectLine(port));
    assert.equal(listener.stats.openConnections, 0);
    assert.deepEqual(listener.snapshot(), []);
  });

  it("lets requests in flight end, over both versions", async () => {
    await using service = await startService();
    const { listener, port } = service;
    using line = await connectLine(port);
    line.send(HOLD);
    await service.holding(1);
    using client = await connectRaw({ port });
    client.request(1, { path: "/hold" });
    await service.holding(2);

    const closed = inTime(listener.close(LONG_MS));
    await client.frame("GOAWAY", isGoaway);
    await assert.rejects(connectLine(port));
    for (const stream of service.held) answer(stream, "late");
    assert.match(await line.ended(), /connection: close[\s\S]*HTTP\/1 late/i);
    const { body } = await expectResponse(client, 1, 200);
    assert.equal(body.toString(), "HTTP/2 late");
    await expectClosed(client);
    await closed;
  });

  it("says where it stops only after a round trip: a request on its way is served", async () => {
    await using service = await startService();
    const { listener, port } = service;
    using client = await connectRaw({ port, answers: false });
    client.request(1, { path: "/hold" });
    await service.holding(1);
    const closed = inTime(listener.close(LONG_MS));
    const first = await client.frame("GOAWAY", isGoaway);
    assert.equal(firstWord(first), 0x7fff_ffff);
    assert.equal(errorCode(first), Code.noError);

    client.request(3);
    await expectResponse(client, 3, 200);
    const theirs = await client.frame(
      "PING",
      (f) => f.type === FrameType.ping && !hasFlag(f, Flag.ack),
    );
    client.send(ping(theirs.payload, true));
    const from = client.frames.indexOf(first) + 1;
    const second = await client.frame("the last GOAWAY", isGoaway, from);
    assert.equal(firstWord(second), 3);

    client.request(5);
    await expectReset(client, 5, Code.refusedStream);
    answer(service.held[0] ?? assert.fail(), "late");
    await expectResponse(client, 1, 200);
    await expectClosed(client);
    await closed;
  });

  it("doesn't wait for a PING's answer for ever", async () => {
    await using service = await startService();
    using client = await connectRaw({ port: service.port, answers: false });
    client.request(1);
    await expectResponse(client, 1, 200);
    await inTime(service.listener.close(LONG_MS));
    await expectGoaway(client, Code.noError);
  });

  it("cuts off what doesn't end in time", async () => {
    await using service = await startService();
    const { listener, port } = service;
    using line = await connectLine(port);
    line.send(HOLD);
    await service.holding(1);
    using half = await connectLine(port);
    half.send("GET /ok HT");
    using client = await connectRaw({ port });
    client.request(1, { path: "/hold" });
    await service.holding(2);
    await inTime(listener.close(50));
    await line.ended();
    await half.ended();
    await expectClosed(client);
    assert.equal(service.held[0]?.closed, true);
    assert.equal(service.held[1]?.closedBy, "connection");
    assert.equal(listener.stats.openStreams, 0);
  });

  // From its first three bytes on, it is known to be HTTP/2.
  for (const start of ["PR", "PRI * HT"]) {
    it(`ends HTTP/2 that only begins while it closes, after "${start}"`, async () => {
      await using service = await startService();
      const { listener, port } = service;
      using line = await connectLine(port);
      line.send(start);
      using busy = await connectRaw({ port });
      busy.request(1, { path: "/hold" });
      await service.holding(1);
      const closed = inTime(listener.close(LONG_MS));
      const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
      line.send(preface.slice(start.length));
      line.send(Buffer.from("000000040000000000", "hex"));
      await line.ended();
      answer(service.held[0] ?? assert.fail(), "late");
      await closed;
    });
  }
});

describe("a listener that drains", () => {
  it("still serves, and asks HTTP/1.1 callers to go", async () => {
    await using service = await startService();
    const { listener, port } = service;
    using kept = await connectLine(port);
    kept.send(GET);
    await kept.expect(/HTTP\/1 \/ok/);
    assert.doesNotMatch(kept.text, /connection: close/i);
    listener.drain();
    kept.send(GET);
    assert.match(await kept.ended(), /connection: close/i);
    using fresh = await connectLine(port);
    fresh.send(GET);
    assert.match(await fresh.ended(), /connection: close[\s\S]*HTTP\/1 \/ok/i);
    using client = await connectRaw({ port });
    client.request(1);
    await expectResponse(client, 1, 200);
  });
});
