// Peers that take their time: to say what they want, or to take what they
// asked for. The time-outs are set to a fraction of a second; drips come every
// few milliseconds, so that a time-out which drips can push away never comes.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  connectRaw,
  greeting,
  type RawClient,
} from "../../support/raw-http2/client.ts";
import {
  expectClosed,
  expectCutOff,
  expectReset,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import {
  Code,
  continuation,
  data,
  FRAME_HEADER_BYTES,
  headers,
  PREFACE,
  Setting,
  settings,
  windowUpdate,
} from "../../support/raw-http2/frames.ts";
import { literal, requestBlock } from "../../support/raw-http2/hpack.ts";
import { withVictim } from "./with-victim.ts";

const DRIP_INTERVAL_MS = 10;

const NOTHING = Buffer.alloc(0);

/** Send one piece after the other, slowly, as long as the test goes on. */
function trickle(send: () => void, intervalMs = DRIP_INTERVAL_MS): Disposable {
  const timer = setInterval(send, intervalMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Send bytes one by one, and the last of them never. */
function trickleBytes(client: RawClient, bytes: Buffer): Disposable {
  let at = 0;
  return trickle(() => {
    if (at < bytes.length - 1) client.send(bytes.subarray(at, ++at));
  });
}

/** A client that sends these bytes and then nothing by itself, not even ACKs. */
function beginWith(port: number, first: Buffer): Promise<RawClient> {
  return connectRaw({ port, first, answers: false });
}

describe("a connection that doesn't begin", () => {
  const limits = { prefaceTimeoutMs: 300 };
  const slowSettings = settings(
    ...Array.from({ length: 500 }, () => [99, 0] as const),
  );
  const beginnings: [name: string, first: Buffer, slowly: Buffer][] = [
    ["says nothing", NOTHING, NOTHING],
    ["stops within the preface", PREFACE.subarray(0, 10), NOTHING],
    ["trickles the preface", PREFACE.subarray(0, 3), PREFACE.subarray(3)],
    ["sends no SETTINGS", PREFACE, NOTHING],
    ["trickles its SETTINGS", PREFACE, slowSettings],
  ];
  for (const [name, first, slowly] of beginnings) {
    it(`ends when its time is up: it ${name}`, () =>
      withVictim({ limits }, async (victim) => {
        using client = await beginWith(victim.port, first);
        using _ = trickleBytes(client, slowly);
        await expectCutOff(client, Code.settingsTimeout);
        await victim.until("openConnections", 1);
      }));

    it(`ends when its time is up, on a port for both versions: it ${name}`, () =>
      withVictim({ limits, listener: true }, async (victim) => {
        using client = await beginWith(victim.port, first);
        using _ = trickleBytes(client, slowly);
        await expectClosed(client);
      }));
  }
});

describe("a header block that doesn't end", () => {
  const limits = { headersTimeoutMs: 300 };
  const request = requestBlock({ path: "/sink" });
  const long = literal("x-long", "v".repeat(10_000));
  const open = headers(1, request, { endHeaders: false, endStream: true });
  const whole = headers(1, Buffer.concat([request, long]));
  const blocks: [name: string, first: Buffer, slowly: Buffer][] = [
    ["it stops after HEADERS", open, NOTHING],
    ["it stops within the frame", whole.subarray(0, 20), NOTHING],
    ["it stops after the frame's head", whole.subarray(0, 9), NOTHING],
    ["HEADERS trickles", NOTHING, whole],
    ["CONTINUATION trickles", open, continuation(1, long)],
  ];
  for (const [name, first, slowly] of blocks) {
    it(`ends its connection when its time is up: ${name}`, () =>
      withVictim({ limits }, async (victim) => {
        using client = await connectRaw({ port: victim.port });
        client.request(3 - 2, {});
        await expectResponse(client, 1, 200);
        client.send(shift(first));
        using _ = trickleBytes(client, shift(slowly));
        await expectCutOff(client, Code.enhanceYourCalm);
        await victim.endedBy("headersTimeoutMs");
        assert.equal((await victim.counts()).requests, 0);
      }));
  }
});

/** The same frame on stream 3. */
function shift(frame: Buffer): Buffer {
  if (frame.length < FRAME_HEADER_BYTES) return frame;
  const moved = Buffer.from(frame);
  moved.writeUInt32BE(3, 5);
  return moved;
}

describe("an answer that isn't taken", () => {
  const limits = { stallTimeoutMs: 400 };
  const noWindow = greeting([Setting.initialWindowSize, 0]);

  it("is given up when the window only drips, and the connection goes on", () =>
    withVictim({ limits }, async (victim) => {
      const { port } = victim;
      using client = await connectRaw({ port, first: noWindow });
      client.request(1, { path: "/bytes/1000000" });
      using _ = trickle(() => client.send(windowUpdate(1, 1)));
      await expectReset(client, 1, Code.cancel);
      client.request(3);
      client.send(windowUpdate(3, 100));
      await expectResponse(client, 3, 200);
      const { closedBy } = await victim.counts();
      assert.equal(closedBy["local"], 1);
    }));

  it("is given up when the window never opens", () =>
    withVictim({ limits }, async (victim) => {
      const { port } = victim;
      using client = await connectRaw({ port, first: noWindow });
      client.request(1, { path: "/bytes/10" });
      await expectReset(client, 1, Code.cancel);
    }));

  it("is given up when the connection's window is used up", () =>
    withVictim({ limits }, async (victim) => {
      const wide = greeting([Setting.initialWindowSize, 1 << 20]);
      using client = await connectRaw({ port: victim.port, first: wide });
      client.request(1, { path: "/bytes/1000000" });
      await expectReset(client, 1, Code.cancel);
    }));

  it("is sent to its end when it is taken slowly but steadily", () =>
    withVictim({ limits }, async (victim) => {
      using client = await connectRaw({ port: victim.port });
      client.request(1, { path: "/bytes/300000" });
      using _ = trickle(() =>
        client.send(windowUpdate(0, 4_000), windowUpdate(1, 4_000)),
      );
      const { body } = await expectResponse(client, 1, 200);
      assert.equal(body.length, 300_000);
    }));

  it("ends the connection when ten of them are not", () =>
    withVictim({ limits }, async (victim) => {
      const { port } = victim;
      using client = await connectRaw({ port, first: noWindow });
      for (let i = 0; i < 10; i++) {
        client.request(2 * i + 1, { path: "/bytes/1000000" });
      }
      using _ = trickle(() => {
        for (let i = 0; i < 10; i++) client.send(windowUpdate(2 * i + 1, 1));
      });
      await expectCutOff(client, Code.enhanceYourCalm);
      await victim.endedBy("maxStalledStreams");
    }));

  it("ends the connection when the socket isn't read", () =>
    // However much waits there: no multiple of the time-out would do.
    withVictim({ limits: { stallTimeoutMs: 1_500 } }, async (victim) => {
      const clients: RawClient[] = [];
      try {
        for (let i = 0; i < 4; i++) clients.push(await thirsty(victim.port));
        await victim.until("requests", 4 * 128);
        await victim.until("openConnections", 1);
      } finally {
        for (const client of clients) client.socket.destroy();
      }
    }));
});

describe("a connection that is slow, but not to blame", () => {
  it("goes on when each write of an upload ends within the next frame's head", () =>
    withVictim({ limits: { headersTimeoutMs: 200 } }, async (victim) => {
      using client = await beginWith(victim.port, greeting());
      const post = { method: "POST", path: "/sink" };
      client.request(1, post, { endStream: false });
      const piece = data(1, "x".repeat(300));
      client.send(piece.subarray(0, 5));
      let pieces = 0;
      using _ = trickle(() => {
        client.send(piece.subarray(5), piece.subarray(0, 5));
        pieces++;
      });
      await client.until("many pieces are sent", () =>
        pieces >= 100 ? true : undefined,
      );
      client.send(piece.subarray(5), data(1, "", { endStream: true }));
      await expectResponse(client, 1, 200);
    }));

  it("is served again when a header block came late, but not too late", () =>
    withVictim({ limits: { headersTimeoutMs: 1_000 } }, async (victim) => {
      using client = await beginWith(victim.port, greeting());
      const slow = headers(1, requestBlock({ path: "/sink" }));
      client.send(slow.subarray(0, 12));
      await expectReset(client, 1, Code.cancel);
      client.send(slow.subarray(12));
      client.request(3);
      await expectResponse(client, 3, 200);
      assert.equal((await victim.counts()).requests, 0);
    }));

  it("goes on when its socket is read slowly but steadily", () => {
    const limits = { stallTimeoutMs: 200 };
    // Much more than the system's buffers on the way take.
    const bytes = 20_000_000;
    return withVictim({ limits }, async (victim) => {
      const { port } = victim;
      const wide = greeting([Setting.initialWindowSize, 0x7fff_ffff]);
      using client = await connectRaw({ port, first: wide });
      client.send(windowUpdate(0, 0x7fff_ffff - 65_535));
      client.request(1, { path: `/bytes/${bytes}` });
      client.socket.on("data", () => client.pause());
      using _ = trickle(() => client.resume(), 4);
      const { body } = await expectResponse(client, 1, 200);
      assert.equal(body.length, bytes);
    });
  });
});

/** Ask for very much, allow all of it, and read nothing. */
async function thirsty(port: number): Promise<RawClient> {
  const max = 0x7fff_ffff;
  const first = greeting([Setting.initialWindowSize, max]);
  const client = await connectRaw({ port, first });
  client.pause();
  client.send(windowUpdate(0, max - 65_535));
  for (let i = 0; i < 128; i++) {
    client.request(2 * i + 1, { path: "/bytes/1000000000" });
  }
  return client;
}
