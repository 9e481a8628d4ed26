// Header blocks that cost the receiver more than the sender: endless ones
// (CONTINUATION flood, CVE-2024-27983), small ones that decode into large ones
// (HPACK bomb), and small ones that decode into very many fields ("HTTP/2
// bomb", CVE-2026-49975).

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  connectRaw,
  greeting,
  type RawClient,
} from "../../support/raw-http2/client.ts";
import {
  expectCutOff,
  expectGoaway,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import {
  Code,
  continuation,
  headers,
  repeat,
  Setting,
  windowUpdate,
} from "../../support/raw-http2/frames.ts";
import {
  indexed,
  literal,
  requestBlock,
} from "../../support/raw-http2/hpack.ts";
import { flood } from "./flood.ts";
import type { Victim } from "./victim.ts";
import { withVictim } from "./with-victim.ts";

/** The edge preset's numbers. */
const MAX_CONTINUATIONS = 8;
const MAX_STREAMS = 128;
const MAX_FIELDS = 128;

/** The dynamic table's newest entry. */
const NEWEST = indexed(62);

const NOTHING = Buffer.alloc(0);

describe("a header block in very many frames", () => {
  it("is taken in HEADERS and eight CONTINUATION frames", () =>
    withVictim({}, async (victim) => {
      using client = await connectRaw({ port: victim.port });
      const last = literal("x-last", "1");
      client.send(
        headers(1, requestBlock(), { endHeaders: false, endStream: true }),
        repeat(continuation(1, NOTHING, false), MAX_CONTINUATIONS - 1),
        continuation(1, last),
      );
      await expectResponse(client, 1, 200);
    }));

  const pieces: [name: string, block: Buffer][] = [
    ["empty", NOTHING],
    ["small", literal("x-piece", "of a header list")],
    ["as large as a frame may be", repeat(literal("x", "y"), 3_200)],
  ];
  for (const [name, block] of pieces) {
    it(`ends the connection if it has more, ${name} ones`, () =>
      withVictim({}, async (victim) => {
        using client = await connectRaw({ port: victim.port });
        const request = requestBlock({ path: "/sink" });
        client.send(
          headers(1, request, { endHeaders: false, endStream: true }),
          repeat(continuation(1, block, false), MAX_CONTINUATIONS + 1),
        );
        await expectCutOff(client, Code.enhanceYourCalm);
        await victim.endedBy("maxContinuationFrames");
        assert.equal((await victim.counts()).requests, 0);
      }));
  }

  it("ends the connection though nobody stops sending", () =>
    withVictim({}, async (victim) => {
      using client = await connectRaw({ port: victim.port });
      client.send(headers(1, requestBlock(), { endHeaders: false }));
      await flood(client, repeat(continuation(1, NOTHING, false), 50_000), 20);
      await expectCutOff(client, Code.enhanceYourCalm);
      await victim.endedBy("maxContinuationFrames");
    }));
});

describe("a small block that refers to one large entry again and again", () => {
  const large = literal("x-large", "v".repeat(3_900), "incremental");
  const insertLarge = Buffer.concat([requestBlock(), large]);
  const bomb = (references: number, path: "/ok" | "/sink" = "/sink") =>
    Buffer.concat([requestBlock({ path }), repeat(NEWEST, references)]);

  it("is answered with 431 above 32 KiB, and the next one is served", () =>
    withVictim({}, async (victim) => {
      using client = await connectRaw({ port: victim.port });
      client.send(headers(1, insertLarge, { endStream: true }));
      await expectResponse(client, 1, 200);
      client.send(headers(3, bomb(20), { endStream: true }));
      await expectResponse(client, 3, 431);
      client.send(headers(5, bomb(7, "/ok"), { endStream: true }));
      await expectResponse(client, 5, 200);
      assert.equal((await victim.counts()).requests, 0);
    }));

  it("ends the connection above four times as much", () =>
    withVictim({}, async (victim) => {
      using client = await connectRaw({ port: victim.port });
      client.send(
        headers(1, insertLarge, { endStream: true }),
        headers(3, bomb(16_000), { endStream: true }),
      );
      await expectGoaway(client, Code.enhanceYourCalm);
      await victim.endedBy("maxHeaderListBytes");
      assert.equal((await victim.counts()).requests, 0);
    }));

  it("keeps the table in step when the large list also fills it", () =>
    withVictim({}, async (victim) => {
      using client = await connectRaw({ port: victim.port });
      const grow = Buffer.concat([
        ...[requestBlock({ path: "/sink" }), large, repeat(NEWEST, 20)],
        literal(":path", "/ok", "incremental"),
      ]);
      client.send(headers(1, grow, { endStream: true }));
      await expectResponse(client, 1, 431);
      const get = Buffer.concat([indexed(2), indexed(6), NEWEST]);
      client.send(headers(3, get, { endStream: true }));
      await expectResponse(client, 3, 200);
    }));
});

describe("a small block that refers to tiny entries thousands of times", () => {
  const tiny: [name: string, entry: Buffer][] = [
    ["an empty field", literal("x", "", "incremental")],
    ["a cookie crumb", literal("cookie", "a=b", "incremental")],
    ["an empty cookie crumb", literal("cookie", "", "incremental")],
  ];
  for (const [name, entry] of tiny) {
    it(`is answered with 431 above 128 fields, then ends the connection: ${name}`, () =>
      withVictim({}, async (victim) => {
        using client = await connectRaw({ port: victim.port });
        const first = Buffer.concat([requestBlock(), entry]);
        client.send(headers(1, first, { endStream: true }));
        await expectResponse(client, 1, 200);
        const bomb = (fields: number) => {
          const path = fields <= MAX_FIELDS ? "/ok" : "/sink";
          const references = repeat(NEWEST, fields - 4);
          return Buffer.concat([requestBlock({ path }), references]);
        };
        client.send(headers(3, bomb(MAX_FIELDS), { endStream: true }));
        await expectResponse(client, 3, 200);
        client.send(headers(5, bomb(MAX_FIELDS + 1), { endStream: true }));
        await expectResponse(client, 5, 431);
        client.send(headers(7, bomb(4 * MAX_FIELDS), { endStream: true }));
        await expectResponse(client, 7, 431);
        client.send(headers(9, bomb(16_000), { endStream: true }));
        await expectGoaway(client, Code.enhanceYourCalm);
        await victim.endedBy("maxHeaderFields");
        assert.equal((await victim.counts()).requests, 0);
      }));
  }
});

it("gets rid of many connections that pin all they can with a closed window and drips of credit", () =>
  withVictim({ limits: { stallTimeoutMs: 500 } }, async (victim) => {
    const clients = await Promise.all(
      Array.from({ length: 8 }, () => pin(victim)),
    );
    const drips = setInterval(() => clients.forEach(drip), 20);
    try {
      await victim.until("requests", clients.length * MAX_STREAMS);
      for (const client of clients) {
        await expectCutOff(client, Code.enhanceYourCalm);
      }
      await victim.endedBy("maxStalledStreams");
    } finally {
      clearInterval(drips);
      for (const client of clients) client.socket.destroy();
    }
  }));

/** Open all streams one may, each with as many fields as one may. */
async function pin(victim: Victim): Promise<RawClient> {
  const noWindow = greeting([Setting.initialWindowSize, 0]);
  const { port } = victim;
  const client = await connectRaw({ port, first: noWindow });
  const path = "/bytes/1000000";
  const entry = literal("cookie", "a=b", "incremental");
  const first = Buffer.concat([requestBlock({ path }), entry]);
  const references = repeat(NEWEST, MAX_FIELDS - 4);
  const block = Buffer.concat([requestBlock({ path }), references]);
  for (let i = 0; i < MAX_STREAMS; i++) {
    const options = { endStream: true };
    client.send(headers(2 * i + 1, i === 0 ? first : block, options));
  }
  return client;
}

function drip(client: RawClient): void {
  for (let i = 0; i < MAX_STREAMS; i++) client.send(windowUpdate(2 * i + 1, 1));
}
