// Bytes that no encoder made: a decoder never throws, gives a block or says
// why not, and keeps to its limits whatever comes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HpackDecoder } from "../../../../wire/hpack/decoder.ts";
import { readStories } from "../../../fixtures/hpack/stories.ts";
import { createDecoder, decode } from "./blocks.ts";
import { createRandom, pickNumber, type Random } from "./random.ts";

const LIMITS = { maxTableBytes: 512, maxListBytes: 600, maxFields: 20 };
const FAILURES = ["compression", "oversize", "flood"];

/** What came of the blocks, so that no test passes by seeing only errors. */
type Tally = Map<string, number>;

function feed(decoder: HpackDecoder, bytes: Buffer, tally: Tally): void {
  const block = decode(decoder, bytes);
  const result = decoder.failure ?? "block";
  tally.set(result, (tally.get(result) ?? 0) + 1);
  if (block === undefined) {
    assert.ok(FAILURES.includes(result), result);
  } else {
    assert.equal(result, "block");
    assert.ok(block.size <= LIMITS.maxListBytes);
    assert.ok(block.fields.length <= LIMITS.maxFields);
    const sum = block.fields.reduce((total, { size }) => total + size, 0);
    assert.equal(block.size, sum);
  }
  const { table } = decoder;
  assert.ok(table.bytes <= LIMITS.maxTableBytes);
  assert.ok(table.count * 32 <= table.bytes);
}

/** Change, remove, double or swap some bytes. */
function mutate(bytes: Buffer, random: Random): Buffer {
  let result = Buffer.from(bytes);
  const changes = 1 + pickNumber(random, 3);
  for (let i = 0; i < changes; i++) {
    const at = pickNumber(random, result.length);
    const kind = random();
    if (kind < 0.5) result[at] = pickNumber(random, 256);
    else if (kind < 0.7) result = result.subarray(0, at);
    else {
      const from = pickNumber(random, result.length);
      const head = result.subarray(0, at);
      result = Buffer.concat([head, result.subarray(from)]);
    }
  }
  return result;
}

describe("a decoder's answer to bytes that no encoder made", () => {
  for (let seed = 1; seed <= 10; seed++) {
    test(`at random, seed ${seed}`, () => {
      const random = createRandom(seed);
      const tally: Tally = new Map();
      for (let i = 0; i < 500; i++) {
        const decoder = createDecoder(LIMITS);
        for (let block = 0; block < 4; block++) {
          const length = pickNumber(random, random() < 0.5 ? 8 : 200);
          const bytes = Buffer.alloc(length);
          for (let at = 0; at < length; at++) {
            bytes[at] = pickNumber(random, 256);
          }
          feed(decoder, bytes, tally);
        }
      }
      assert.ok((tally.get("compression") ?? 0) > 500);
      assert.ok((tally.get("block") ?? 0) > 100);
    });
  }

  const stories = readStories().filter(({ number }) => number < "05");
  for (let seed = 1; seed <= 5; seed++) {
    test(`made from real blocks, seed ${seed}`, () => {
      const random = createRandom(seed);
      const tally: Tally = new Map();
      for (const { blocks } of stories) {
        const decoder = createDecoder(LIMITS);
        for (const { bytes } of blocks) {
          feed(decoder, bytes, tally);
          feed(decoder, mutate(bytes, random), tally);
        }
      }
      for (const result of ["block", "compression", "oversize"]) {
        assert.ok((tally.get(result) ?? 0) > 10, result);
      }
    });
  }

  test("each real block, cut off anywhere, is one or is refused", () => {
    for (const { blocks } of stories.slice(0, 14)) {
      const bytes = blocks[0]?.bytes ?? Buffer.alloc(0);
      for (let end = 0; end <= bytes.length; end++) {
        feed(createDecoder(LIMITS), bytes.subarray(0, end), new Map());
      }
    }
  });
});
