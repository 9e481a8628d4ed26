// Frames that have no effect: for streams that are gone, or answers to nothing.
// A peer may send some, because it doesn't know yet; one that sends no end of
// them loses the connection, and so does one that goes on being refused.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  edgeLimits,
  internalLimits,
  resolveLimits,
} from "../../../wire/index.ts";
import { connectRaw, type RawClient } from "../../support/raw-http2/client.ts";
import {
  expectClosed,
  expectReset,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import {
  errorCode,
  type Frame,
  hasFlag,
} from "../../support/raw-http2/frame-reader.ts";
import {
  Code,
  data,
  Flag,
  FrameType,
  goaway,
  headers,
  ping,
  repeat,
  rstStream,
  settingsAck,
} from "../../support/raw-http2/frames.ts";
import { encodeFields, requestBlock } from "../../support/raw-http2/hpack.ts";
import type { RawPeer } from "../../support/raw-http2/peer.ts";
import { listenRaw } from "../../support/raw-http2/server.ts";
import { connectClient, OK, startServer, turnsUntil } from "./duo.ts";

/** So many are free. */
const BURST = 40;

const changes = {
  ...{ wastedBurst: BURST, wastedPerSecond: 0, maxRefusalsPerSecond: 20 },
  smallDataBudgetBytes: Number.POSITIVE_INFINITY,
};
const limits = resolveLimits(edgeLimits, changes);

const isSettings = ({ type }: Frame) => type === FrameType.settings;
const isPong = (frame: Frame) =>
  frame.type === FrameType.ping && hasFlag(frame, Flag.ack);
const isCalm = (frame: Frame) =>
  frame.type === FrameType.goaway && errorCode(frame) === Code.enhanceYourCalm;

/** All that was sent before is dealt with, and the connection lives. */
async function expectAlive(peer: RawPeer): Promise<void> {
  const from = peer.frames.length;
  peer.send(ping("alive???"));
  await peer.frame("the answer to PING", isPong, from);
}

/** Expect the end of a connection that has heard other GOAWAYs before. */
async function expectCalm(peer: RawPeer): Promise<void> {
  await peer.frame("GOAWAY with ENHANCE_YOUR_CALM", isCalm);
  await expectClosed(peer);
}

/**
 * A server with three streams of its client: 1 is open, 3 was reset by the
 * server, 5 has been answered.
 */
async function beginServer() {
  const server = await startServer(
    ({ stream, headers }) => {
      if (headers.path === "/reset") stream.reset(Code.cancel);
      if (headers.path === "/answer") stream.respond(OK, true);
    },
    { limits },
  );
  const client = await connectRaw({ port: server.port });
  await client.frame("SETTINGS", isSettings);
  const body = { endStream: false };
  client.request(1, { method: "POST", path: "/hold" }, body);
  client.request(3, { method: "POST", path: "/reset" }, body);
  await expectReset(client, 3, Code.cancel);
  client.request(5, { path: "/answer" });
  await expectResponse(client, 5, 200);
  return {
    ...{ server, client },
    async [Symbol.asyncDispose]() {
      client.socket.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

const wasted: [name: string, bytes: Buffer, before?: Buffer][] = [
  ["HEADERS on a stream that we reset", headers(3, requestBlock())],
  ["DATA on a stream that we reset", data(3, "x")],
  ["empty DATA on a stream that we reset", data(3, "")],
  ["RST_STREAM on a stream that we reset", rstStream(3, Code.cancel)],
  ["RST_STREAM on a stream that is closed", rstStream(5, Code.cancel)],
  ["PING ACK that nobody asked for", ping("12345678", true)],
  ["PING ACK of zeros", ping(Buffer.alloc(8), true)],
  ["PING ACK of the number 1", ping(Buffer.of(0, 0, 0, 0, 0, 0, 0, 1), true)],
  ["PING ACK of the number 2", ping(Buffer.of(0, 0, 0, 0, 0, 0, 0, 2), true)],
  ["SETTINGS ACK that nobody asked for", settingsAck()],
  [
    "GOAWAY once more",
    goaway(0, Code.noError),
    goaway(0x7fff_ffff, Code.noError),
  ],
];

describe("a server's connection ends after too many frames of", () => {
  for (const [name, bytes, before] of wasted) {
    it(name, async () => {
      await using link = await beginServer();
      const { server, client } = link;
      if (before !== undefined) client.send(before);
      client.send(repeat(bytes, BURST));
      await expectAlive(client);
      assert.deepEqual(server.stats.violations, {});
      client.send(bytes, ping("too late"));
      await expectCalmOrPong(client);
      await expectClosed(client);
      assert.deepEqual(server.stats.violations, { wastedBurst: 1 });
      assert.equal(server.arrivals[0]?.stream.closedBy, "connection");
    });
  }

  /** What answers the PING that came too late must be GOAWAY. */
  async function expectCalmOrPong(client: RawClient): Promise<void> {
    const isEither = (frame: Frame) =>
      isCalm(frame) ||
      (isPong(frame) && frame.payload.toString() === "too late");
    const answer = await client.frame("GOAWAY or the answer to PING", isEither);
    assert.equal(answer.type, FrameType.goaway, "the connection goes on");
  }
});

describe("a client's connection ends after too many frames of", () => {
  const block = encodeFields([[":status", "200"]]);
  const frames: [name: string, bytes: (id: number) => Buffer][] = [
    ["HEADERS on a stream that we reset", (id) => headers(id, block)],
    ["DATA on a stream that we reset", (id) => data(id, "x")],
    ["RST_STREAM on a stream that we reset", (id) => rstStream(id, 0)],
    ["PING ACK that nobody asked for", () => ping("12345678", true)],
    ["SETTINGS ACK that nobody asked for", () => settingsAck()],
    ["GOAWAY once more", () => goaway(0x7fff_ffff, Code.noError)],
  ];
  for (const [name, bytes] of frames) {
    it(name, async () => {
      await using server = await listenRaw();
      using client = connectClient(server.port, { limits });
      const peer = await server.accept();
      await peer.frame("SETTINGS", isSettings);
      await turnsUntil("settings", () => client.events.includes("settings"));
      const { stream } = client.call();
      const reset = client.call();
      reset.stream.reset(Code.cancel);
      const isReset = ({ type }: Frame) => type === FrameType.rstStream;
      await peer.frame("RST_STREAM", isReset);
      // The first GOAWAY has an effect.
      if (name.startsWith("GOAWAY")) peer.send(bytes(reset.stream.id));
      peer.send(repeat(bytes(reset.stream.id), BURST));
      await expectAlive(peer);
      assert.deepEqual(client.stats.violations, {});
      peer.send(repeat(bytes(reset.stream.id), 1));
      await expectCalm(peer);
      assert.deepEqual(client.stats.violations, { wastedBurst: 1 });
      assert.equal(stream.closedBy, "connection");
    });
  }
});

describe("streams that are opened after the last GOAWAY", () => {
  /** Send so many of them, on a connection that is only waiting for one. */
  async function goOn(preset: typeof edgeLimits, streams: number) {
    const server = await startServer(() => {}, { limits: preset });
    const client = await connectRaw({ port: server.port });
    client.request(1);
    await turnsUntil("it came", () => server.arrivals.length === 1);
    server.connections[0]?.drain();
    const isGoaway = ({ type }: Frame) => type === FrameType.goaway;
    const first = await client.frame("GOAWAY", isGoaway);
    const from = client.frames.indexOf(first) + 1;
    await client.frame("the last GOAWAY", isGoaway, from);
    for (let i = 0; i < streams; i++) client.request(2 * i + 3);
    return {
      ...{ server, client },
      async [Symbol.asyncDispose]() {
        client.socket.destroy();
        await server[Symbol.asyncDispose]();
      },
    };
  }

  it("are refused, and count as refusals", async () => {
    await using link = await goOn(limits, 10);
    const { server, client } = link;
    await expectReset(client, 21, Code.refusedStream);
    await expectAlive(client);
    for (let i = 10; i < 100; i++) client.request(2 * i + 3);
    await expectCalm(client);
    assert.deepEqual(server.stats.violations, { maxRefusalsPerSecond: 1 });
    assert.equal(server.arrivals.length, 1);
  });

  it("don't end a connection of our own", async () => {
    await using link = await goOn(internalLimits, 500);
    const { server, client } = link;
    await expectReset(client, 1_001, Code.refusedStream);
    await expectAlive(client);
    server.arrivals[0]?.stream.respond(OK, true);
    await expectResponse(client, 1, 200);
    assert.deepEqual(server.stats.violations, {});
  });
});
