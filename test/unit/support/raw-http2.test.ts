// The raw HTTP/2 peer against node:http2, in both roles: what it sends must be
// right when the test wants it right, and it must see what is really there.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { connectRaw, greeting } from "../../support/raw-http2/client.ts";
import {
  answerOn,
  expectClosed,
  expectCutOff,
  expectGoaway,
  expectReset,
  expectResponse,
  fieldOf,
} from "../../support/raw-http2/expectations.ts";
import {
  endsStream,
  firstWord,
  settingOf,
} from "../../support/raw-http2/frame-reader.ts";
import * as h2 from "../../support/raw-http2/frames.ts";
import {
  encodeFields,
  indexed,
  literal,
  literalAt,
  requestBlock,
  requestFields,
  tableSize,
} from "../../support/raw-http2/hpack.ts";
import { listenRaw } from "../../support/raw-http2/server.ts";

/** A field for each character; long enough for a Huffman code to pay. */
const allChars = Object.fromEntries(
  Array.from({ length: 256 }, (_, code) => code)
    .filter((code) => code > 0x20 && code !== 0x7f)
    .map((code) => {
      const value = `${"a".repeat(40)}${String.fromCharCode(code)}`;
      return [`x-${code}`, value];
    }),
);

describe("the raw client, against node:http2", () => {
  let server: Http2Server;
  let port = 0;

  before(async () => {
    server = createServer({ settings: { maxConcurrentStreams: 77 } });
    server.on("stream", (stream, fields) => {
      stream.on("error", () => {});
      if (fields[":path"] === "/all") stream.respond({ ...allChars });
      if (fields[":path"] !== "/ok") return;
      const body: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => body.push(chunk));
      stream.on("end", () => {
        stream.additionalHeaders({ ":status": 103 });
        const seen = JSON.stringify(fields["x-seen"] ?? "");
        stream.respond({ "x-seen": seen }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "x-end": "1" }));
        stream.end(Buffer.concat(body));
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    server.close();
  });

  it("exchanges SETTINGS and PING", async () => {
    using client = await connectRaw({ port, first: greeting([4, 100_000]) });
    const { settings, ping } = h2.FrameType;
    const theirs = await client.frame("SETTINGS", (f) => f.type === settings);
    assert.equal(settingOf(theirs, h2.Setting.maxConcurrentStreams), 77);
    await client.frame("SETTINGS ACK", (f) => f.type === settings && !!f.flags);
    client.send(h2.ping("12345678"));
    const pong = await client.frame("PING ACK", (f) => f.type === ping);
    assert.equal(pong.payload.toString("latin1"), "12345678");
  });

  it("sends a request in padded and split frames, and reads 1xx, body and trailers", async () => {
    using client = await connectRaw({ port });
    const block = requestBlock({ method: "POST", fields: [["x-seen", "é"]] });
    client.send(
      h2.headers(1, block.subarray(0, 10), {
        ...{ endHeaders: false, padBytes: 7, priority: { dependsOn: 0 } },
      }),
      h2.continuation(1, block.subarray(10, 20), false),
      h2.continuation(1, block.subarray(20)),
      h2.data(1, "hello", { padBytes: 0 }),
      h2.data(1, " world", { padBytes: 255, endStream: true }),
    );
    const answer = await expectResponse(client, 1, 200);
    assert.equal(answer.body.toString(), "hello world");
    assert.equal(answer.blocks.length, 3);
    const [information = [], response = [], trailers = []] = answer.blocks;
    assert.equal(fieldOf(information, ":status"), "103");
    assert.equal(fieldOf(response, "x-seen"), '"é"');
    assert.match(fieldOf(response, "date") ?? "", /GMT$/);
    assert.equal(fieldOf(trailers, "x-end"), "1");
  });

  it("keeps both HPACK tables in step over many requests", async () => {
    using client = await connectRaw({ port });
    const first = encodeFields(requestFields());
    const insert = literal("x-seen", "kept", "incremental");
    client.send(
      h2.headers(1, Buffer.concat([first, insert]), { endStream: true }),
    );
    const again = Buffer.concat([tableSize(4096), first, indexed(62)]);
    client.send(h2.headers(3, again, { endStream: true }));
    const renamed = Buffer.concat([first, literalAt(62, "new", "never")]);
    client.send(h2.headers(5, renamed, { endStream: true }));
    for (const [id, seen] of [
      [1, "kept"],
      [3, "kept"],
      [5, "new"],
    ] as const) {
      const { blocks } = await expectResponse(client, id, 200);
      assert.equal(fieldOf(blocks[1] ?? [], "x-seen"), JSON.stringify(seen));
    }
  });

  it("reads all characters of Huffman's code that a header may have", async () => {
    using client = await connectRaw({ port });
    client.request(1, { path: "/all" });
    const block = await client.frame("HEADERS", (f) => f.fields !== undefined);
    const isHuffman = block.payload.length < 223 * 36;
    assert(isHuffman, "node:http2 has made use of it");
    for (const [name, value] of Object.entries(allChars)) {
      assert.equal(fieldOf(block.fields ?? [], name), value);
    }
  });

  it("tells resets, GOAWAY and the end from each other", async () => {
    using client = await connectRaw({ port });
    client.request(1, { fields: [["Upper", "case"]] });
    await expectReset(client, 1, h2.Code.protocolError);
    const { resetCode } = await answerOn(client, 1);
    assert.equal(resetCode, h2.Code.protocolError);
    await assert.rejects(expectResponse(client, 1, 200), /status: 0/);
    client.send(
      h2.frame({ type: h2.FrameType.ping, payload: Buffer.alloc(7) }),
    );
    await expectGoaway(client, h2.Code.frameSizeError);
    await expectCutOff(client, h2.Code.frameSizeError);
    await assert.rejects(
      expectGoaway(client, h2.Code.noError),
      /GOAWAY's code/,
    );
    await assert.rejects(expectReset(client, 3, 1), /ended before.*goaway/);
  });

  it("sends what is wrong as it is told to", async () => {
    const wrong: [bytes: Buffer, code: number][] = [
      [
        h2.frame({ type: 0, streamId: 1, length: 16_385 }),
        h2.Code.frameSizeError,
      ],
      [h2.settings([h2.Setting.enablePush, 2]), h2.Code.protocolError],
      [h2.windowUpdate(0, 0x7fff_ffff), h2.Code.flowControlError],
      [h2.headers(1, indexed(99)), h2.Code.compressionError],
      [h2.continuation(1, requestBlock()), h2.Code.protocolError],
      [h2.headers(2, requestBlock()), h2.Code.protocolError],
    ];
    for (const [bytes, code] of wrong) {
      using client = await connectRaw({ port });
      client.send(bytes);
      await expectGoaway(client, code);
    }
  });
});

describe("the raw server, against node:http2", () => {
  it("answers a client, frame by frame", async () => {
    await using server = await listenRaw();
    const session = connect(`http://127.0.0.1:${server.port}`, {
      settings: { enablePush: false },
    });
    session.on("error", () => {});
    try {
      const call = session.request({ ":method": "POST", ":path": "/x" });
      call.on("error", () => {});
      call.end("ping!");
      const peer = await server.accept();
      const request = await peer.frame(
        "a request",
        (f) => f.fields !== undefined,
      );
      assert.deepEqual(peer.preface, h2.PREFACE);
      assert.equal(fieldOf(request.fields ?? [], ":path"), "/x");
      await peer.frame("END_STREAM", endsStream);
      assert.equal((await answerOn(peer, 1)).body.toString(), "ping!");
      peer.respond(1, 201, { fields: [["x-a", "b"]], endStream: false });
      peer.send(
        h2.data(1, "pong"),
        h2.headers(1, literal("x-t", "1"), { endStream: true }),
      );
      const [fields] = await once(call, "response");
      assert.equal(fields[":status"], 201);
      assert.equal(fields["x-a"], "b");
      const [chunk] = await once(call, "data");
      assert.equal(String(chunk), "pong");
      const [trailers] = await once(call, "trailers");
      assert.equal(trailers["x-t"], "1");

      const promised = h2.pushPromise(1, 2, requestBlock());
      peer.send(promised);
      await expectClosed(peer);
    } finally {
      session.destroy();
    }
  });

  it("sends GOAWAY with the last stream that it handles", async () => {
    await using server = await listenRaw();
    const session = connect(`http://127.0.0.1:${server.port}`);
    try {
      const peer = await server.accept();
      const told = once(session, "goaway");
      peer.send(h2.goaway(5, h2.Code.noError));
      assert.deepEqual((await told).slice(0, 2), [0, 5]);
      assert.equal(
        firstWord({
          type: 7,
          flags: 0,
          streamId: 0,
          payload: Buffer.from("8000000a00000000", "hex"),
        }),
        10,
      );
    } finally {
      session.destroy();
    }
  });
});
