// Bodies in small pieces: what they cost their receiver nobody else pays back,
// and those that wait leave merged, with every byte where it belongs.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createHeaderBlock,
  createListener,
  type ServerStream,
} from "../../../wire/index.ts";
import { connectRaw, greeting } from "../../support/raw-http2/client.ts";
import {
  content,
  endsStream,
  errorCode,
} from "../../support/raw-http2/frame-reader.ts";
import {
  Code,
  data,
  Flag,
  FrameType,
  ping,
  Setting,
  windowUpdate,
} from "../../support/raw-http2/frames.ts";
import { connectLine } from "../listener/service.ts";
import { OK, startServer, turnsUntil } from "./duo.ts";

const MIB = 1 << 20;

/** A window that nothing here fills. */
const LARGE_WINDOW = 1 << 28;

describe("a small DATA frame that nobody consumes is not paid back by", () => {
  const BYTE = Buffer.from("x");
  const fillers: [name: string, bytes: Buffer][] = [
    ["consumed DATA of another stream", data(3, BYTE)],
    [
      "empty DATA of another stream",
      Buffer.concat([data(3, ""), data(3, "x")]),
    ],
    [
      "empty and consumed DATA of another stream",
      Buffer.concat([...Array<Buffer>(5).fill(data(3, "")), data(3, BYTE)]),
    ],
  ];
  for (const [name, filler] of fillers) {
    it(name, async () => {
      await using server = await startServer(({ headers, diary }) => {
        diary.consumes = headers.path !== "/held";
      });
      using client = await connectRaw({ port: server.port });
      const body = { endStream: false };
      client.request(1, { method: "POST", path: "/held" }, body);
      client.request(3, { method: "POST", path: "/taken" }, body);
      for (let i = 0; i < 500; i++) client.send(data(1, BYTE), filler);
      client.send(ping("too late"));
      const last = await client.frame(
        "GOAWAY, or the answer to PING",
        ({ type }) => type === FrameType.goaway || type === FrameType.ping,
      );
      assert.equal(last.type, FrameType.goaway);
      assert.equal(errorCode(last), Code.enhanceYourCalm);
      assert.deepEqual(server.stats.violations, { smallDataBudgetBytes: 1 });
      const held = server.arrivals[0]?.diary.bodyBytes ?? 0;
      assert.ok(held <= 101, `${held} were kept`);
    });
  }
});

/** Numbers that are the same in each run: 0 to below `end`. */
function numbersFrom(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
}

/** Bytes of which no two places look alike. */
function bodyOf(bytes: number, seed: number): Buffer {
  const next = numbersFrom(seed);
  const body = Buffer.alloc(bytes);
  for (let i = 0; i < bytes; i++) body[i] = next(256);
  return body;
}

/** Where to cut a body: mostly small pieces, some large, some empty. */
function* mixedPieces(body: Buffer, seed: number): Generator<Buffer> {
  const next = numbersFrom(seed);
  const sizes = [0, 1, 8, 100, 255, 3_000, 20_000, 70_000] as const;
  for (let at = 0; at < body.length; ) {
    const size = next((sizes[next(sizes.length)] ?? 0) + 1);
    yield body.subarray(at, at + size);
    at += size;
  }
}

/** All pieces alike. */
function* equalPieces(body: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < body.length; at += size)
    yield body.subarray(at, at + size);
}

/** A connection whose one stream has no window yet, and its server's end. */
async function beginShut() {
  const server = await startServer(({ stream }) => stream.respond(OK));
  const first = greeting([Setting.initialWindowSize, 0]);
  const client = await connectRaw({ port: server.port, first });
  client.request(1);
  await client.frame("HEADERS", ({ type }) => type === FrameType.headers);
  client.send(windowUpdate(0, LARGE_WINDOW));
  const stream = server.arrivals[0]?.stream ?? assert.fail("no stream");
  const frames = () =>
    client.frames.filter(({ type }) => type === FrameType.data);
  return {
    ...{ client, stream, frames },
    body: () => Buffer.concat(frames().map(content)),
    /** Wait for the first frame with END_STREAM. */
    ended: () => client.frame("END_STREAM", endsStream),
    /** All that was sent before is dealt with. */
    async settle(): Promise<void> {
      const from = client.frames.length;
      client.send(ping("settled!"));
      const isPong = ({ type, flags }: { type: number; flags: number }) =>
        type === FrameType.ping && (flags & Flag.ack) !== 0;
      await client.frame("the answer to PING", isPong, from);
    },
    async [Symbol.asyncDispose]() {
      client.socket.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe("over HTTP/2, pieces that had to wait", () => {
  it("leave merged: 1 MiB of 8 bytes each", async () => {
    await using link = await beginShut();
    const body = bodyOf(MIB, 1);
    for (const piece of equalPieces(body, 8)) link.stream.write(piece);
    link.stream.end();
    assert.equal(link.stream.queuedBytes, MIB);
    link.client.send(windowUpdate(1, LARGE_WINDOW));
    await link.ended();
    assert.ok(link.body().equals(body), "it is another body");
    const { length } = link.frames();
    assert.ok(length <= 200, `${length} DATA frames`);
  });

  it("are all there when their window is opened by drips", async () => {
    await using link = await beginShut();
    const body = bodyOf(20_000, 2);
    for (const piece of equalPieces(body, 7)) link.stream.write(piece);
    const next = numbersFrom(3);
    let allowed = 0;
    while (allowed < body.length) {
      const bytes = 1 + next(200);
      link.client.send(windowUpdate(1, bytes));
      allowed += bytes;
    }
    await link.settle();
    await turnsUntil("it is all sent", () => link.stream.queuedBytes === 0);
    link.stream.end();
    await link.ended();
    assert.ok(link.body().equals(body), "it is another body");
  });

  for (let seed = 10; seed < 14; seed++) {
    it(`are all there, small and large, sent in part: seed ${seed}`, async () => {
      await using link = await beginShut();
      const body = bodyOf(2 * MIB, seed);
      const next = numbersFrom(seed + 100);
      let written = 0;
      let allowed = 0;
      for (const piece of mixedPieces(body, seed)) {
        link.stream.write(piece);
        written += piece.length;
        if (next(8) > 0) continue;
        const bytes = 1 + next(next(2) === 0 ? 50 : 150_000);
        allowed += bytes;
        link.client.send(windowUpdate(1, bytes));
        // So that what comes next finds the queue in all of its states.
        if (next(4) > 0) continue;
        await link.settle();
        const left = Math.max(0, written - allowed);
        const { stream } = link;
        await turnsUntil("a part is sent", () => stream.queuedBytes === left);
      }
      link.stream.end();
      link.client.send(windowUpdate(1, LARGE_WINDOW));
      await link.ended();
      assert.ok(link.body().equals(body), "it is another body");
      assert.equal(link.stream.closedBy, "end");
    });
  }
});

/** Answer one HTTP/1.1 request by `write`, and give what the caller gets. */
async function overHttp1(
  length: number,
  write: (stream: ServerStream) => void,
): Promise<Buffer> {
  // An answer that says its length has its body as it is.
  const fields = createHeaderBlock([
    [":status", "200"],
    ["content-length", String(length)],
  ]);
  const written = Promise.withResolvers<void>();
  const listener = createListener({
    onRequest(stream) {
      stream.respond(fields);
      try {
        write(stream);
      } finally {
        written.resolve();
      }
    },
  });
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
  try {
    using line = await connectLine(port);
    line.socket.pause();
    line.send("GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    await written.promise;
    line.socket.resume();
    const text = await line.ended();
    return Buffer.from(text.slice(text.indexOf("\r\n\r\n") + 4), "latin1");
  } finally {
    await listener.close(0);
  }
}

describe("over HTTP/1.1, pieces that had to wait are all there:", () => {
  it("1 MiB of 8 bytes each", async () => {
    const body = bodyOf(MIB, 1);
    const got = await overHttp1(MIB, (stream) => {
      for (const piece of equalPieces(body, 8)) stream.write(piece);
      stream.end();
    });
    assert.ok(got.equals(body), "it is another body");
  });

  for (let seed = 20; seed < 23; seed++) {
    it(`small and large ones: seed ${seed}`, async () => {
      const body = bodyOf(4 * MIB, seed);
      const got = await overHttp1(body.length, (stream) => {
        for (const piece of mixedPieces(body, seed)) stream.write(piece);
        stream.end();
      });
      assert.ok(got.equals(body), "it is another body");
    });
  }

  it("written in turns, while what came before leaves", async () => {
    const body = bodyOf(4 * MIB, 30);
    const pieces = mixedPieces(body, 31);
    const next = numbersFrom(32);
    const got = await overHttp1(body.length, (stream) => {
      const goOn = () => {
        for (let left = next(40); left >= 0; left--) {
          const piece = pieces.next();
          if (piece.done) return stream.end();
          stream.write(piece.value);
        }
        isWaiting = stream.queuedBytes > 0 && next(2) === 0;
        if (!isWaiting) setImmediate(goOn);
      };
      let isWaiting = false;
      stream.handler = {
        onData() {},
        onTrailers() {},
        onClose() {},
        onSent() {
          if (!isWaiting) return;
          isWaiting = false;
          goOn();
        },
      };
      goOn();
    });
    assert.ok(got.equals(body), "it is another body");
  });
});
