// The HPACK table that we keep for a peer: as large as we announced, from the
// moment on that the peer has acknowledged it, and 4,096 bytes before.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { edgeLimits, resolveLimits } from "../../../wire/index.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import {
  expectGoaway,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import { type Frame, settingOf } from "../../support/raw-http2/frame-reader.ts";
import {
  Code,
  FrameType,
  headers,
  Setting,
  settingsAck,
} from "../../support/raw-http2/frames.ts";
import {
  indexed,
  literal,
  requestBlock,
  tableSize,
} from "../../support/raw-http2/hpack.ts";
import { connectClient, OK, startServer, turnsUntil } from "./duo.ts";

const isSettings = ({ type }: Frame) => type === FrameType.settings;

/** A server whose table is so large, and a client that hasn't acknowledged it. */
async function open(decoderTableBytes: number) {
  const limits = resolveLimits(edgeLimits, { decoderTableBytes });
  const server = await startServer(({ stream }) => stream.respond(OK, true), {
    limits,
  });
  const client = await connectRaw({ port: server.port, answers: false });
  const frame = await client.frame("SETTINGS", isSettings);
  let id = -1;
  return {
    server,
    client,
    announced: settingOf(frame, Setting.headerTableSize),
    send(...block: readonly Uint8Array[]) {
      id += 2;
      client.send(headers(id, Buffer.concat(block), { endStream: true }));
      return id;
    },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const bare = requestBlock();
const insert = literal("x-long", "y".repeat(300), "incremental");
const newest = indexed(62);

describe("the table of the peer's encoder", () => {
  it("isn't announced if it is the default", async () => {
    await using peer = await open(4_096);
    assert.equal(peer.announced, undefined);
  });

  it("is of the default size until the peer has acknowledged a smaller one", async () => {
    await using peer = await open(100);
    assert.equal(peer.announced, 100);
    await expectResponse(peer.client, peer.send(bare, insert), 200);
    await expectResponse(peer.client, peer.send(bare, newest), 200);
    peer.client.send(settingsAck());
    const id = peer.send(tableSize(100), bare, insert);
    await expectResponse(peer.client, id, 200);
    assert.equal(peer.server.connections[0]?.snapshot().decoderTableBytes, 0);
  });

  it("must be made smaller by the first block after that", async () => {
    await using peer = await open(100);
    peer.client.send(settingsAck());
    peer.send(bare);
    await expectGoaway(peer.client, Code.compressionError);
  });

  it("may be 0", async () => {
    await using peer = await open(0);
    peer.client.send(settingsAck());
    await expectResponse(peer.client, peer.send(tableSize(0), bare), 200);
  });

  it("may be made larger as soon as the peer has acknowledged that", async () => {
    await using peer = await open(10_000);
    assert.equal(peer.announced, 10_000);
    peer.client.send(settingsAck());
    const id = peer.send(tableSize(10_000), bare);
    await expectResponse(peer.client, id, 200);
  });

  it("may not be made larger before", async () => {
    await using peer = await open(10_000);
    peer.send(tableSize(10_000), bare);
    await expectGoaway(peer.client, Code.compressionError);
  });
});

for (const decoderTableBytes of [0, 50, 4_096, 8_192]) {
  it(`our own encoder keeps to a table of ${decoderTableBytes}`, async () => {
    const limits = resolveLimits(edgeLimits, { decoderTableBytes });
    await using server = await startServer(
      ({ stream }) => stream.respond(OK, true),
      { limits },
    );
    using client = connectClient(server.port);
    for (let i = 1; i <= 50; i++) {
      const { stream } = client.call();
      stream.end();
      await turnsUntil("the answer", () => stream.closed);
      assert.equal(stream.closedBy, "end");
    }
    const bytes = server.connections[0]?.snapshot().decoderTableBytes ?? -1;
    assert.ok(bytes >= 0 && bytes <= Math.min(decoderTableBytes, 4_096));
  });
}
