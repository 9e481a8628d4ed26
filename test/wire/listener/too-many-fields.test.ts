// Too many header fields, however small, are counted as that, over both
// versions: whoever reads the counter looks for the limit that it names.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { edgeLimits } from "../../../wire/index.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import { expectResponse } from "../../support/raw-http2/expectations.ts";
import { continuation, headers } from "../../support/raw-http2/frames.ts";
import {
  encodeFields,
  indexed,
  requestBlock,
} from "../../support/raw-http2/hpack.ts";
import { connectLine, startService } from "./service.ts";

const { maxHeaderFields, maxHeaderListBytes } = edgeLimits;

/** "accept-encoding: gzip, deflate" in the static table. */
const ACCEPT_ENCODING = 16;

/** What a frame holds of a block here. */
const PART_BYTES = 16_000;

/** A request's block in as many frames as it takes. */
function framesOf(block: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < block.length; at += PART_BYTES) {
    const part = block.subarray(at, at + PART_BYTES);
    const endHeaders = at + PART_BYTES >= block.length;
    const first = { endStream: true, endHeaders };
    if (at === 0) frames.push(headers(1, part, first));
    else frames.push(continuation(1, part, endHeaders));
  }
  return frames;
}

describe("over HTTP/2", () => {
  const blocks: [name: string, block: Buffer, limit: string][] = [
    [
      "fields of few bytes",
      Buffer.concat([
        requestBlock(),
        ...Array<Buffer>(maxHeaderFields + 2).fill(indexed(ACCEPT_ENCODING)),
      ]),
      "maxHeaderFields",
    ],
    [
      "a field of many bytes",
      requestBlock({ fields: [["x", "y".repeat(maxHeaderListBytes)]] }),
      "maxHeaderListBytes",
    ],
    [
      "cookies of few bytes",
      Buffer.concat([
        requestBlock(),
        ...Array<Buffer>(maxHeaderFields).fill(encodeFields([["cookie", "a"]])),
      ]),
      "maxHeaderFields",
    ],
  ];
  for (const [name, block, limit] of blocks) {
    it(`${name} count as ${limit}`, async () => {
      await using service = await startService();
      using client = await connectRaw({ port: service.port });
      client.send(...framesOf(block));
      await expectResponse(client, 1, 431);
      assert.deepEqual(service.listener.stats.violations, { [limit]: 1 });
      client.request(3);
      await expectResponse(client, 3, 200);
    });
  }
});

it("over HTTP/1.1, fields of few bytes count as maxHeaderFields", async () => {
  await using service = await startService();
  using line = await connectLine(service.port);
  const fields = "x: y\r\n".repeat(maxHeaderFields + 2);
  line.send(`GET /ok HTTP/1.1\r\nhost: a\r\n${fields}\r\n`);
  assert.match(await line.ended(), /^HTTP\/1.1 431 /);
  const { violations } = service.listener.stats;
  assert.deepEqual(violations, { maxHeaderFields: 1 });
});
