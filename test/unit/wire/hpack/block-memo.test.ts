// Tests wire/hpack/block-memo.ts for what a decoder's test can't arrange: two
// blocks of one hash, and how much memory it takes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createHeaderBlock } from "../../../../wire/header-block.ts";
import { BlockMemo, hashBytes } from "../../../../wire/hpack/block-memo.ts";

const block = createHeaderBlock([]);

function store(memo: BlockMemo, bytes: Buffer): void {
  memo.store(bytes, 0, bytes.length, block);
}

/** Two different blocks of eight bytes with the same hash. */
function findCollision(): [Buffer, Buffer] {
  const seen = new Map<number, Buffer>();
  for (let i = 0; i < 1_000_000; i++) {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(i, 0);
    bytes.writeUInt32LE(Math.imul(i, 0x85ebca6b) >>> 0, 4);
    const hash = hashBytes(bytes, 0, 8);
    const other = seen.get(hash);
    if (other !== undefined) return [other, bytes];
    seen.set(hash, bytes);
  }
  return assert.fail("no collision among a million");
}

describe("a memo of blocks", () => {
  test("tells two blocks of one hash apart, and has the later one", () => {
    const memo = new BlockMemo();
    const [first, second] = findCollision();
    store(memo, first);
    assert.equal(memo.find(first, 0, 8), block);
    assert.equal(memo.find(second, 0, 8), undefined);
    store(memo, second);
    assert.equal(memo.find(first, 0, 8), undefined);
    assert.equal(memo.find(second, 0, 8), block);
    assert.equal(memo.count, 1);
  });

  test("takes no memory before it has a block", () => {
    const memo = new BlockMemo();
    memo.find(Buffer.alloc(8), 0, 8);
    memo.clear();
    store(memo, Buffer.alloc(1_025));
    assert.deepEqual([memo.count, memo.bytes], [0, 0]);
  });

  test("grows with its blocks, up to a bound", () => {
    const memo = new BlockMemo();
    store(memo, Buffer.alloc(10));
    assert.equal(memo.bytes, 256);
    store(memo, Buffer.alloc(1_000));
    assert.equal(memo.bytes, 1_024);
    for (let i = 0; i < 1_000; i++) {
      const bytes = Buffer.alloc(1_000);
      bytes.writeUInt16LE(i);
      store(memo, bytes);
      assert.equal(memo.find(bytes, 0, bytes.length), block);
    }
    assert.equal(memo.bytes, 16_384);
  });

  test("takes no more memory by being cleared", () => {
    const memo = new BlockMemo();
    for (let i = 0; i < 1_000; i++) {
      store(memo, Buffer.alloc(200));
      memo.clear();
      assert.equal(memo.count, 0);
    }
    assert.equal(memo.bytes, 256);
  });
});
