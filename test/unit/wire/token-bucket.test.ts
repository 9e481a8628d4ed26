// Tests wire/token-bucket.ts: what a budget gives at once, and what comes back
// with time. The clock is the caller's.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TokenBucket } from "../../../wire/token-bucket.ts";

const START_MS = 1_000;

/** How many tokens can be taken at that moment, one after the other. */
function drain(bucket: TokenBucket, nowMs: number): number {
  let taken = 0;
  while (bucket.take(nowMs)) taken++;
  return taken;
}

describe("a token bucket", () => {
  test("gives its burst at once, and no more", () => {
    assert.equal(drain(new TokenBucket(5, 10, START_MS), START_MS), 5);
  });

  const table: [elapsedMs: number, tokens: number][] = [
    [0, 0],
    [99, 0],
    [100, 1],
    [250, 2],
    [500, 5],
    [60_000, 5],
  ];
  for (const [elapsedMs, tokens] of table) {
    test(`of 10 a second has ${tokens} of 5 back after ${elapsedMs} ms`, () => {
      const bucket = new TokenBucket(5, 10, START_MS);
      drain(bucket, START_MS);
      assert.equal(drain(bucket, START_MS + elapsedMs), tokens);
    });
  }

  test("keeps what is less than a token for the next time", () => {
    const bucket = new TokenBucket(1, 10, START_MS);
    drain(bucket, START_MS);
    assert.equal(drain(bucket, START_MS + 60), 0);
    assert.equal(drain(bucket, START_MS + 120), 1);
  });

  test("gives its rate and no more over a long time", () => {
    const bucket = new TokenBucket(5, 10, START_MS);
    let taken = 0;
    for (let ms = 0; ms <= 10_000; ms += 7)
      taken += drain(bucket, START_MS + ms);
    assert.ok(taken >= 104 && taken <= 105, `${taken} tokens`);
  });

  test("never gives more than its burst at one moment, however long it rested", () => {
    const bucket = new TokenBucket(5, 10, START_MS);
    bucket.take(START_MS);
    assert.equal(drain(bucket, START_MS + 60_000), 5);
  });

  test("is full from the beginning, whenever it is first used", () => {
    const bucket = new TokenBucket(5, 10, START_MS);
    assert.equal(drain(bucket, START_MS + 60_000), 5);
  });

  test("of an empty burst gives nothing", () => {
    const bucket = new TokenBucket(0, 0, START_MS);
    assert.equal(bucket.take(START_MS), false);
    assert.equal(bucket.take(START_MS + 60_000), false);
  });
});
