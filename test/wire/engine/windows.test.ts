// Who may send how much: a stream's window is given back when its receiver has
// consumed the bytes, the connection's when they came. One receiver that takes
// nothing holds up nobody else, and keeps no more than its window.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { edgeLimits, resolveLimits } from "../../../wire/index.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import { expectGoaway } from "../../support/raw-http2/expectations.ts";
import { firstWord } from "../../support/raw-http2/frame-reader.ts";
import {
  Code,
  data,
  Flag,
  FrameType,
  ping,
} from "../../support/raw-http2/frames.ts";
import {
  connectClient,
  OK,
  requestOf,
  startServer,
  turnsUntil,
} from "./duo.ts";

const STREAM_WINDOW = 100_000;
const CONNECTION_WINDOW = 150_000;

const limits = resolveLimits(edgeLimits, {
  streamWindowBytes: STREAM_WINDOW,
  connectionWindowBytes: CONNECTION_WINDOW,
  smallDataBudgetBytes: Number.POSITIVE_INFINITY,
});

const MUCH = Buffer.alloc(1_000_000, "x");

describe("a server whose handler takes nothing of some bodies", () => {
  it("gets their windows' bytes, no more, and all of the others", async () => {
    const isLazy = (path: string | undefined) => path === "/lazy";
    await using server = await startServer(
      ({ headers, diary }) => {
        diary.consumes = !isLazy(headers.path);
      },
      { limits },
    );
    using client = connectClient(server.port);
    const lazy = Array.from({ length: 4 }, () =>
      client.call(requestOf("/lazy")),
    );
    for (const { stream } of lazy) stream.write(MUCH, true);
    const eager = client.call(requestOf("/eager"));
    eager.stream.write(MUCH, true);
    const { arrivals } = server;
    const eagerBytes = () => arrivals[4]?.diary.bodyBytes ?? 0;
    await turnsUntil("its body", () => eagerBytes() === MUCH.length);
    const held = arrivals.slice(0, 4);
    await turnsUntil("the others' windows", () =>
      held.every(({ diary }) => diary.bodyBytes >= STREAM_WINDOW),
    );
    // Were there more on its way, it would come before the PING.
    await new Promise((resolve) => client.connection.ping(resolve));
    for (const { diary } of held) assert.equal(diary.bodyBytes, STREAM_WINDOW);
    const { openStreams } = server.connections[0]?.snapshot() ?? {};
    for (const snapshot of openStreams?.slice(0, 4) ?? [])
      assert.deepEqual(
        [snapshot.unconsumedBytes, snapshot.receiveWindow],
        [STREAM_WINDOW, 0],
      );

    for (const { stream, diary } of held) {
      diary.consumes = true;
      stream.consume(STREAM_WINDOW);
    }
    await turnsUntil("all the rest", () =>
      held.every(({ diary }) => diary.bodyBytes === MUCH.length),
    );
  });
});

describe("a client whose handler takes nothing of some answers", () => {
  it("gets their windows' bytes, no more, and all of the others", async () => {
    await using server = await startServer(({ stream }) => {
      stream.respond(OK);
      stream.write(MUCH, true);
    });
    using client = connectClient(server.port, { limits });
    const held = Array.from({ length: 4 }, () => {
      const call = client.call(undefined, true);
      call.diary.consumes = false;
      return call;
    });
    const eager = client.call(undefined, true);
    await turnsUntil("the end", () => eager.diary.events.includes("close end"));
    await turnsUntil("the others' windows", () =>
      held.every(({ diary }) => diary.bodyBytes >= STREAM_WINDOW),
    );
    await new Promise((resolve) => client.connection.ping(resolve));
    for (const { diary } of held) assert.equal(diary.bodyBytes, STREAM_WINDOW);
    for (const { stream, diary } of held) {
      diary.consumes = true;
      stream.consume(STREAM_WINDOW);
    }
    await turnsUntil("all the rest", () =>
      held.every(({ diary }) => diary.events.includes("close end")),
    );
  });
});

describe("on the wire, a server", () => {
  /** A connection with one stream whose body nobody takes. */
  async function begin() {
    const server = await startServer(
      ({ diary }) => {
        diary.consumes = false;
      },
      { limits },
    );
    const client = await connectRaw({ port: server.port });
    client.request(1, { method: "POST" }, { endStream: false });
    // Wait for what it says by itself: the growth of its window.
    await settle();
    const greeted = client.frames.length;
    async function settle() {
      const from = client.frames.length;
      client.send(ping("settled!"));
      const isPong = ({ type, flags }: { type: number; flags: number }) =>
        type === FrameType.ping && (flags & Flag.ack) !== 0;
      await client.frame("the answer to PING", isPong, from);
    }
    return {
      ...{ server, client, settle },
      /** Send so many bytes of the body. */
      send(bytes: number) {
        for (let left = bytes; left > 0; left -= 16_384)
          client.send(data(1, Buffer.alloc(Math.min(left, 16_384))));
      },
      /** WINDOW_UPDATE frames since the greeting: stream and bytes. */
      updates: () =>
        client.frames
          .slice(greeted)
          .filter(({ type }) => type === FrameType.windowUpdate)
          .map((frame) => [frame.streamId, firstWord(frame)]),
      async [Symbol.asyncDispose]() {
        client.socket.destroy();
        await server[Symbol.asyncDispose]();
      },
    };
  }

  it("credits the connection at half its window, and no stream by itself", async () => {
    await using link = await begin();
    const { send, settle, updates } = link;
    send(CONNECTION_WINDOW / 2 - 1);
    await settle();
    assert.deepEqual(updates(), []);
    send(1);
    await settle();
    assert.deepEqual(updates(), [[0, CONNECTION_WINDOW / 2]]);
    send(STREAM_WINDOW - CONNECTION_WINDOW / 2);
    await settle();
    assert.equal(updates().length, 1);
  });

  it("credits a stream when half of its window is consumed", async () => {
    await using link = await begin();
    const { server, send, settle, updates } = link;
    send(STREAM_WINDOW);
    await settle();
    const stream = server.arrivals[0]?.stream;
    stream?.consume(STREAM_WINDOW / 2 - 1);
    await settle();
    const ofStream = () => updates().filter(([id]) => id === 1);
    assert.deepEqual(ofStream(), []);
    stream?.consume(1);
    await settle();
    assert.deepEqual(ofStream(), [[1, STREAM_WINDOW / 2]]);
    send(STREAM_WINDOW / 2);
    await settle();
    assert.equal(server.arrivals[0]?.diary.bodyBytes, STREAM_WINDOW * 1.5);
  });

  it("credits a stream's padding by itself: nobody else could consume it", async () => {
    await using link = await begin();
    const { client, settle, updates } = link;
    // 256 bytes of each frame are padding, its length included.
    const frames = Math.ceil(STREAM_WINDOW / 2 / 256);
    for (let i = 0; i < frames; i++)
      client.send(data(1, Buffer.alloc(100), { padBytes: 255 }));
    await settle();
    const ofStream = updates().filter(([id]) => id === 1);
    assert.deepEqual(ofStream, [[1, frames * 256]]);
  });

  it("takes not a byte more than a stream's window", async () => {
    await using link = await begin();
    const { server, client, send, settle } = link;
    send(STREAM_WINDOW);
    await settle();
    assert.equal(server.arrivals[0]?.diary.bodyBytes, STREAM_WINDOW);
    send(1);
    await expectGoaway(client, Code.flowControlError);
    assert.equal(server.arrivals[0]?.diary.bodyBytes, STREAM_WINDOW);
  });
});
