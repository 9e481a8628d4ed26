// Tests wire/piece-queue.ts: bytes come out as they went in, small pieces
// together, and nothing that is small keeps something large alive.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { PieceQueue } from "../../../wire/piece-queue.ts";
import { SLAB_BYTES } from "../../../wire/slab-pool.ts";
import { Random } from "../../support/random.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Take so many bytes off the front, at most those of one piece. */
function take(queue: PieceQueue, most: number): Buffer {
  const piece = queue.first ?? assert.fail("the queue is empty");
  const from = queue.offset;
  const to = Math.min(piece.length, from + most);
  // A copy: what is behind it may be added to.
  const bytes = Buffer.from(piece.subarray(from, to));
  queue.advance(to);
  return bytes;
}

describe("a queue of pieces", () => {
  for (let seed = 1; seed <= 20; seed++) {
    test(`gives back what it was given, in order (seed ${seed})`, () => {
      const random = new Random(seed);
      const queue = new PieceQueue();
      const given: Buffer[] = [];
      const taken: Buffer[] = [];
      let value = 0;
      for (let step = 0; step < 2_000; step++) {
        if (random.next() < 0.6) {
          const size = 1 + Math.floor(random.next() ** 4 * 20_000);
          const data = Buffer.from(Array.from({ length: size }, () => value++));
          const from = Math.floor(random.next() * size);
          queue.push(data, from);
          given.push(data.subarray(from));
        } else if (!queue.isEmpty) {
          taken.push(take(queue, 1 + Math.floor(random.next() * 9_000)));
        }
      }
      while (!queue.isEmpty) taken.push(take(queue, 16_384));
      assert.ok(Buffer.concat(taken).equals(Buffer.concat(given)));
      assert.equal(queue.first, undefined);
      assert.equal(queue.offset, 0);
    });
  }

  test("puts small pieces together", () => {
    const queue = new PieceQueue();
    for (let i = 0; i < 100_000; i++) queue.push(Buffer.from([i]), 0);
    let pieces = 0;
    for (; !queue.isEmpty; pieces++) take(queue, Number.POSITIVE_INFINITY);
    assert.ok(pieces <= 1 + Math.ceil(100_000 / 16_384), String(pieces));
  });

  test("takes no room for what is gone, though it never gets empty", () => {
    const queue = new PieceQueue();
    const large = Buffer.allocUnsafeSlow(5_000);
    queue.push(large, 0);
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 500_000; i++) {
      queue.push(large, 0);
      queue.advance(large.length);
    }
    collect();
    const grown = process.memoryUsage().heapUsed - before;
    assert.ok(grown < 1 << 20, `${grown} bytes more`);
    assert.equal(queue.first, large);
  });

  test("keeps a large piece by reference, and says when it is the last", () => {
    const queue = new PieceQueue();
    const large = Buffer.allocUnsafeSlow(50_000);
    queue.push(large, 0);
    assert.equal(queue.first, large);
    assert.equal(queue.isFirstLast, true);
    queue.push(Buffer.from("x"), 0);
    assert.equal(queue.isFirstLast, false);
  });

  test("gives slabs away when all of their bytes have left, and no others", () => {
    const queue = new PieceQueue();
    const part = Buffer.allocUnsafeSlow(65_536).subarray(0, 10_000);
    queue.push(Buffer.from("small"), 0);
    assert.equal(queue.advance(5), undefined);
    queue.push(part, 0);
    queue.push(part, 0);
    const slab = queue.first?.buffer;
    assert.equal(queue.advance(10_000), undefined);
    assert.equal(queue.advance(SLAB_BYTES)?.buffer, slab);
    assert.notEqual(queue.first?.buffer, slab);
    assert.equal(queue.first?.length, 20_000 - SLAB_BYTES);
    const large = Buffer.allocUnsafeSlow(SLAB_BYTES);
    queue.push(large, 0);
    assert.ok(queue.advance(20_000 - SLAB_BYTES));
    assert.equal(queue.first, large);
    assert.equal(queue.advance(SLAB_BYTES), undefined);
    assert.ok(queue.isEmpty);
  });

  test("copies what is a small part of a large chunk", () => {
    const queue = new PieceQueue();
    const chunk = Buffer.allocUnsafeSlow(65_536).fill(1);
    queue.push(chunk.subarray(100, 10_100), 0);
    queue.push(chunk.subarray(0, 10), 0);
    chunk.fill(2);
    const { buffer } = queue.first ?? assert.fail();
    assert.ok(buffer.byteLength <= 16_384);
    assert.ok(take(queue, 20_000).every((byte) => byte === 1));
    assert.ok(queue.isEmpty);
  });
});
