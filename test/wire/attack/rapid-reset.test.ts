// Streams that are opened in order to be reset: by the client (rapid reset,
// CVE-2023-44487), or by the server, because of an error or for want of room.

import assert from "node:assert/strict";
import { it } from "node:test";
import { connectRaw } from "../../support/raw-http2/client.ts";
import {
  expectCutOff,
  expectReset,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import {
  Code,
  FrameType,
  headers,
  rstStream,
} from "../../support/raw-http2/frames.ts";
import { type Field, requestBlock } from "../../support/raw-http2/hpack.ts";
import type { Route } from "./victim.ts";
import { withVictim } from "./with-victim.ts";

/** The edge preset's numbers. */
const RESET_BURST = 1_000;
const MAX_STREAMS = 128;
const MAX_REFUSALS = 100;
const MAX_STREAM_ERRORS = 500;

const UPPER_CASE: Field = ["Upper", "case"];

/** The id of a client's nth stream. */
function idOf(nth: number): number {
  return 2 * nth + 1;
}

/** One thing for each of the client's streams from the nth on. */
function forStreams<T>(
  from: number,
  to: number,
  make: (streamId: number) => T,
): T[] {
  return Array.from({ length: to - from }, (_, i) => make(idOf(from + i)));
}

function open(streamId: number, path: Route, fields: Field[] = []): Buffer {
  const block = requestBlock({ path, fields });
  return headers(streamId, block, { endStream: true });
}

function openAndReset(streamId: number, path: Route): Buffer {
  const reset = rstStream(streamId, Code.cancel);
  return Buffer.concat([open(streamId, path), reset]);
}

it("ends a connection that resets its requests before they are answered", () =>
  withVictim({}, async (victim) => {
    using client = await connectRaw({ port: victim.port });
    const allowed = RESET_BURST - 50;
    const reset = (id: number) => openAndReset(id, "/hold");
    client.send(...forStreams(0, allowed, reset));
    client.request(idOf(allowed));
    await expectResponse(client, idOf(allowed), 200);
    assert.equal((await victim.counts()).requests, allowed);

    client.send(...forStreams(allowed + 1, 3 * RESET_BURST, reset));
    await expectCutOff(client, Code.enhanceYourCalm);
    await victim.endedBy("resetBurst");
    const { requests } = await victim.counts();
    assert(requests < 2 * RESET_BURST, `${requests} requests got through`);
  }));

it("lets clients reset what has begun to be answered", () =>
  withVictim({}, async (victim) => {
    using client = await connectRaw({ port: victim.port });
    const total = 1.2 * RESET_BURST;
    for (let nth = 0; nth < total; nth += MAX_STREAMS) {
      const next = nth + MAX_STREAMS;
      client.send(...forStreams(nth, next, (id) => open(id, "/bytes/100000")));
      for (const streamId of forStreams(nth, next, (id) => id)) {
        await client.frame(
          `HEADERS on ${streamId}`,
          (f) => f.type === FrameType.headers && f.streamId === streamId,
        );
      }
      client.send(...forStreams(nth, next, (id) => rstStream(id, Code.cancel)));
    }
    const { openConnections } = await victim.until("openStreams", 0);
    assert.equal(openConnections, 2, "the connection lives");
  }));

it("holds a stream's place until the work behind it has ended", () =>
  withVictim({}, async (victim) => {
    using client = await connectRaw({ port: victim.port });
    const reset = (id: number) => openAndReset(id, "/held");
    client.send(...forStreams(0, MAX_STREAMS, reset));
    await victim.until("held", MAX_STREAMS);
    client.request(idOf(MAX_STREAMS));
    await expectReset(client, idOf(MAX_STREAMS), Code.refusedStream);

    await victim.release(1);
    client.request(idOf(MAX_STREAMS + 1));
    await expectResponse(client, idOf(MAX_STREAMS + 1), 200);
    assert.equal((await victim.counts()).requests, MAX_STREAMS);
  }));

it("refuses streams above the limit, and ends a connection that insists", () =>
  withVictim({}, async (victim) => {
    using client = await connectRaw({ port: victim.port });
    const hold = (id: number) => open(id, "/hold");
    const refused = MAX_STREAMS + MAX_REFUSALS - 10;
    client.send(...forStreams(0, refused, hold));
    for (const id of forStreams(MAX_STREAMS, refused, (id) => id)) {
      await expectReset(client, id, Code.refusedStream);
    }
    client.send(rstStream(1, Code.cancel));
    client.request(idOf(refused));
    await expectResponse(client, idOf(refused), 200);

    client.send(open(idOf(refused + 1), "/hold"));
    const end = refused + 3 * MAX_REFUSALS;
    client.send(...forStreams(refused + 2, end, hold));
    await expectCutOff(client, Code.enhanceYourCalm);
    await victim.endedBy("maxRefusalsPerSecond");
    const { requests } = await victim.counts();
    assert.equal(requests, MAX_STREAMS + 1);
  }));

it("ends a connection whose requests are nearly all malformed", () =>
  withVictim({}, async (victim) => {
    using client = await connectRaw({ port: victim.port });
    const wrong = (id: number) => open(id, "/sink", [UPPER_CASE]);
    const allowed = MAX_STREAM_ERRORS - 10;
    client.send(...forStreams(0, allowed, wrong));
    await expectReset(client, idOf(allowed - 1), Code.protocolError);
    client.request(idOf(allowed));
    await expectResponse(client, idOf(allowed), 200);

    client.send(...forStreams(allowed + 1, 2 * MAX_STREAM_ERRORS, wrong));
    await expectCutOff(client, Code.enhanceYourCalm);
    await victim.endedBy("maxStreamErrors");
    assert.equal((await victim.counts()).requests, 0);
  }));
