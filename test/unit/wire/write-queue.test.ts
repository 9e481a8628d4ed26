// Tests wire/write-queue.ts: a slab goes back to the pool when the last of its
// bytes has been written, and not before, whatever else happens.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SLAB_BYTES, takeSlab } from "../../../wire/slab-pool.ts";
import { WriteQueue } from "../../../wire/write-queue.ts";
import { Random } from "../../support/random.ts";

/** A new slab that the pool has never seen. */
function newSlab(): Buffer {
  return Buffer.allocUnsafeSlow(SLAB_BYTES);
}

/** Whether the pool's next slab is this one. It is taken if so. */
function isFree(slab: Buffer): boolean {
  return takeSlab() === slab;
}

describe("a slab goes back to the pool", () => {
  test("at once if nothing waits", () => {
    const slab = newSlab();
    new WriteQueue().release(slab);
    assert.ok(isFree(slab));
  });

  test("when all was written that was added before", () => {
    const queue = new WriteQueue();
    const slab = newSlab();
    queue.add(slab.subarray(0, 10));
    queue.add(slab.subarray(10, 20));
    queue.release(slab);
    assert.equal(queue.takeSome(10).length, 1);
    queue.written();
    assert.ok(!isFree(slab));
    assert.equal(queue.takeAll().length, 1);
    assert.ok(!isFree(slab));
    queue.written();
    assert.ok(isFree(slab));
  });

  test("when what is under way was written, though more came since", () => {
    const queue = new WriteQueue();
    const slab = newSlab();
    queue.add(slab);
    queue.takeAll();
    queue.release(slab);
    queue.add(Buffer.from("more"));
    assert.ok(!isFree(slab));
    queue.written();
    assert.ok(isFree(slab));
  });

  test("never, if everything was forgotten while it was written", () => {
    const queue = new WriteQueue();
    const slab = newSlab();
    queue.add(slab);
    queue.release(slab);
    queue.takeAll();
    queue.clear();
    queue.written();
    assert.ok(!isFree(slab));
    assert.ok(queue.isEmpty);
  });
});

for (let seed = 1; seed <= 20; seed++) {
  test(`chunks come out in order, slabs after their last (seed ${seed})`, () => {
    const random = new Random(seed);
    const queue = new WriteQueue();
    const added: Uint8Array[] = [];
    const taken: Uint8Array[] = [];
    const released = new Map<Buffer, number>();
    let written = 0;
    for (let step = 0; step < 500; step++) {
      if (random.chance(0.5)) {
        const chunk = Buffer.alloc(1 + random.below(100));
        added.push(chunk);
        queue.add(chunk);
      } else if (random.chance(0.4)) {
        const slab = newSlab();
        released.set(slab, added.length);
        queue.release(slab);
      } else {
        taken.push(
          ...(random.chance(0.5)
            ? queue.takeAll()
            : queue.takeSome(random.below(200))),
        );
        // A write is always over before the next one begins.
        queue.written();
        written = taken.length;
      }
      for (;;) {
        const slab = takeSlab();
        const last = released.get(slab);
        if (last === undefined) break;
        assert.ok(last <= written, `${last} of ${written}`);
        released.delete(slab);
      }
    }
    taken.push(...queue.takeAll());
    assert.deepEqual(taken, added);
    for (const last of released.values()) assert.ok(last > written);
  });
}
