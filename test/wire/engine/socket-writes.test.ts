// How answers leave: all that is said in one turn of the event loop in one
// write, and large bodies without being copied.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createHeaderBlock } from "../../../wire/index.ts";
import { connectRaw, type RawClient } from "../../support/raw-http2/client.ts";
import {
  expectResponse,
  fieldOf,
} from "../../support/raw-http2/expectations.ts";
import {
  Flag,
  FrameType,
  headers,
  ping,
} from "../../support/raw-http2/frames.ts";
import { requestBlock } from "../../support/raw-http2/hpack.ts";
import {
  type Arrival,
  connectClient,
  OK,
  startServer,
  turnsUntil,
} from "./duo.ts";

const TRAILERS = createHeaderBlock([["grpc-status", "0"]]);

/** Answer as a unary RPC is answered. */
function answer({ stream }: Arrival) {
  stream.respond(OK);
  stream.write(Buffer.from("message"));
  stream.end(TRAILERS);
}

/** Connect, and wait until both sides have said all they say by themselves. */
async function connectSettled(port: number): Promise<RawClient> {
  const client = await connectRaw({ port });
  client.send(ping("settled!"));
  await client.frame(
    "the answer to PING",
    ({ type, flags }) => type === FrameType.ping && (flags & Flag.ack) !== 0,
  );
  return client;
}

function request(streamId: number): Buffer {
  return headers(streamId, requestBlock(), { endStream: true });
}

describe("one write of the socket takes", () => {
  it("an answer's HEADERS, DATA and trailers", async () => {
    await using server = await startServer(answer);
    using client = await connectSettled(server.port);
    const before = server.stats.socketWrites;
    client.send(request(1));
    const { body, blocks } = await expectResponse(client, 1, 200);
    assert.equal(body.toString(), "message");
    assert.equal(fieldOf(blocks[1] ?? [], "grpc-status"), "0");
    assert.equal(server.stats.socketWrites - before, 1);
  });

  it("the answers of 20 streams that were asked for at once", async () => {
    await using server = await startServer(answer);
    using client = await connectSettled(server.port);
    const ids = Array.from({ length: 20 }, (_, i) => 2 * i + 1);
    const before = server.stats.socketWrites;
    client.send(...ids.map(request));
    for (const id of ids) await expectResponse(client, id, 200);
    assert.equal(server.stats.socketWrites - before, 1);
  });

  it("the requests of 20 streams, and their bodies", async () => {
    await using server = await startServer();
    using client = connectClient(server.port);
    await turnsUntil("settings", () => client.events.includes("settings"));
    // Its answer to them leaves in a turn of its own.
    await new Promise((resolve) => client.connection.ping(resolve));
    const before = client.stats.socketWrites;
    for (let i = 0; i < 20; i++) {
      client.call().stream.write(Buffer.from("message"), true);
    }
    const { arrivals } = server;
    await turnsUntil(
      "all came",
      () =>
        arrivals.filter(({ diary }) => diary.body === "message").length === 20,
    );
    assert.equal(client.stats.socketWrites - before, 1);
  });

  it("what several handlers say in one turn that no request began", async () => {
    await using server = await startServer();
    using client = await connectSettled(server.port);
    client.send(...[1, 3, 5].map(request));
    await turnsUntil("requests", () => server.arrivals.length === 3);
    const before = server.stats.socketWrites;
    for (const arrival of server.arrivals) answer(arrival);
    for (const id of [1, 3, 5]) await expectResponse(client, id, 200);
    assert.equal(server.stats.socketWrites - before, 1);
  });
});

describe("a body is passed on", () => {
  const table: [bytes: number, how: string, letter: string][] = [
    [1_000, "as a copy", "a"],
    [60_000, "by reference", "b"],
    [1_000_000, "by reference, also what has to wait", "b"],
  ];
  for (const [bytes, how, letter] of table) {
    it(`${how}: ${bytes} bytes`, async () => {
      await using server = await startServer(({ stream }) => {
        const body = Buffer.alloc(bytes, "a");
        stream.respond(OK);
        stream.write(body, true);
        // Nobody should. It shows whose bytes they are.
        body.fill("b");
      });
      using client = connectClient(server.port);
      const { diary } = client.call(undefined, true);
      const letters = new Set<number>();
      const { onData } = diary;
      diary.onData = (stream, data, endStream) => {
        for (const byte of data) letters.add(byte);
        onData.call(diary, stream, data, endStream);
      };
      await turnsUntil("the end", () => diary.events.includes("close end"));
      assert.equal(diary.bodyBytes, bytes);
      assert.equal(String.fromCharCode(...letters), letter);
    });
  }
});
