// What a connection remembers of header blocks: the same bytes are the same
// object, so that whoever routes a request does it once. And what it must not
// remember: fields that their sender doesn't want in any table.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createHeaderBlock, type HeaderBlock } from "../../../wire/index.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import {
  expectResponse,
  fieldOf,
} from "../../support/raw-http2/expectations.ts";
import { content, type Frame } from "../../support/raw-http2/frame-reader.ts";
import { FrameType, headers } from "../../support/raw-http2/frames.ts";
import {
  indexed,
  literal,
  requestBlock,
} from "../../support/raw-http2/hpack.ts";
import { listenRaw } from "../../support/raw-http2/server.ts";
import {
  connectClient,
  OK,
  requestOf,
  startServer,
  turnsUntil,
} from "./duo.ts";
import { representationsIn } from "./representations.ts";

const bare = requestBlock({ fields: [["x-a", "1"]] });

/** A server that answers at once, and sees these blocks come one by one. */
async function serve(blocks: readonly Buffer[]) {
  const server = await startServer(({ stream }) => stream.respond(OK, true));
  using client = await connectRaw({ port: server.port });
  for (const [i, block] of blocks.entries()) {
    client.send(headers(2 * i + 1, block, { endStream: true }));
    await expectResponse(client, 2 * i + 1, 200);
  }
  await server[Symbol.asyncDispose]();
  const { memoHits, memoMisses } = server.stats;
  const seen = server.arrivals.map(({ headers }) => headers);
  return { seen, memo: { memoHits, memoMisses } };
}

/** How many different objects there are. */
function distinct(blocks: readonly HeaderBlock[]): number {
  return new Set(blocks).size;
}

describe("blocks of the same bytes", () => {
  it("are one object, with whatever was derived from it", async () => {
    const { seen, memo } = await serve([bare, bare, bare]);
    assert.equal(distinct(seen), 1);
    assert.equal(seen[0]?.get("x-a"), "1");
    assert.deepEqual(memo, { memoHits: 2, memoMisses: 1 });
  });

  it("are not, once the table has changed: an index means something else", async () => {
    const insert = (value: string) =>
      Buffer.concat([bare, literal("x-b", value, "incremental")]);
    const newest = Buffer.concat([bare, indexed(62)]);
    const { seen } = await serve([
      insert("1"),
      newest,
      newest,
      insert("2"),
      newest,
    ]);
    const values = seen.map((block) => block.get("x-b"));
    assert.deepEqual(values, ["1", "1", "1", "2", "2"]);
    assert.equal(seen[1], seen[2]);
    assert.notEqual(seen[2], seen[4]);
  });

  it("are not for two connections", async () => {
    const [one, other] = [await serve([bare]), await serve([bare])];
    assert.notEqual(one.seen[0], other.seen[0]);
  });
});

it("blocks with a field that is new each time are not one object", async () => {
  const blocks = ["1", "2", "3"].map((value) =>
    Buffer.concat([bare, literal("grpc-timeout", value)]),
  );
  const { seen, memo } = await serve(blocks);
  assert.equal(distinct(seen), 3);
  assert.deepEqual(
    seen.map((block) => block.get("grpc-timeout")),
    ["1", "2", "3"],
  );
  assert.deepEqual(memo, { memoHits: 0, memoMisses: 3 });
});

it("a client of ours that repeats itself is understood without decoding", async () => {
  await using server = await startServer(({ stream }) =>
    stream.respond(OK, true),
  );
  using client = connectClient(server.port);
  const request = requestOf("/x", [["x-a", "1"]]);
  for (let i = 0; i < 10; i++) {
    const { diary } = client.call(request, true);
    await turnsUntil("its answer", () => diary.events.includes("close end"));
  }
  const seen = server.arrivals.map(({ headers }) => headers);
  // The first two of them fill the table.
  assert.equal(distinct(seen.slice(3)), 1);
  for (const block of seen) assert.equal(block.get("x-a"), "1");
  assert.ok(server.stats.memoHits >= 6);
  assert.ok(client.stats.memoHits >= 6, "the answers are alike as well");
});

describe("a field that must not be indexed stays so on the next connection", () => {
  const isBlock = ({ type }: Frame) => type === FrameType.headers;
  // The pseudo-headers, a name in the static table, and one that isn't.
  const secrets = Buffer.concat([
    bare,
    literal("authorization", "Bearer 1", "never"),
    literal("x-secret", "s", "never"),
    literal("x-plain", "p", "incremental"),
  ]);

  it("of a request, however often it is repeated", async () => {
    await using upstream = await listenRaw();
    using out = connectClient(upstream.port);
    const peer = await upstream.accept();
    await using server = await startServer(({ headers }) => {
      out.call(createHeaderBlock(headers.fields), true);
    });
    using client = await connectRaw({ port: server.port });
    for (let i = 0; i < 4; i++) {
      client.send(headers(2 * i + 1, secrets, { endStream: true }));
      const frame = await peer
        .frame("the request", isBlock, 0)
        .then(() =>
          peer.until("the request", () => peer.frames.filter(isBlock)[i]),
        );
      const ways = representationsIn(content(frame)).slice(-3);
      assert.deepEqual(ways.slice(0, 2), ["never", "never"]);
      assert.notEqual(ways[2], "never");
      assert.equal(fieldOf(frame.fields ?? [], "x-secret"), "s");
    }
  });

  it("of a response, and of its trailers", async () => {
    await using upstream = await listenRaw();
    using out = connectClient(upstream.port);
    const peer = await upstream.accept();
    await using server = await startServer(({ stream }) => {
      const { diary } = out.call(undefined, true);
      diary.onEvent = (event) => {
        const { response, trailers } = diary;
        if (event === "response 200" && response) stream.respond(response);
        if (event === "trailers" && trailers) stream.end(trailers);
      };
    });
    using client = await connectRaw({ port: server.port });
    const secret = literal("x-secret", "s", "never");
    const status = literal(":status", "200");
    for (const id of [1, 3, 5]) {
      client.request(id);
      await peer.frame("it", (f) => isBlock(f) && f.streamId === id);
      peer.send(headers(id, Buffer.concat([status, secret])));
      peer.send(headers(id, secret, { endStream: true }));
      await expectResponse(client, id, 200);
    }
    const ways = client.frames
      .filter(isBlock)
      .map((frame) => representationsIn(content(frame)).at(-1));
    assert.deepEqual(ways, Array(6).fill("never"));
  });
});
