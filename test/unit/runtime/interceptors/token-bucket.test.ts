// The token bucket by tables: times in milliseconds, and what take() says then.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createTokenBucket } from "../../../../runtime/interceptors/token-bucket.ts";

const tables: {
  name: string;
  ratePerSecond: number;
  burst: number;
  /** [time, what take() returns then] */
  takes: [number, number][];
}[] = [
  {
    name: "10 per second without burst gives one token each 100 ms",
    ratePerSecond: 10,
    burst: 1,
    takes: [
      [0, 0],
      [0, 100],
      [30, 70],
      [99.5, 1],
      [100, 0],
      [100, 100],
      [200, 0],
      [300, 0],
    ],
  },
  {
    name: "a burst is available at once, then the rate holds",
    ratePerSecond: 10,
    burst: 3,
    takes: [
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 100],
      [100, 0],
      [100, 100],
      [250, 0],
      [250, 50],
      [300, 0],
      [300, 100],
    ],
  },
  {
    name: "a quiet time fills the bucket, but not over its brim",
    ratePerSecond: 10,
    burst: 2,
    takes: [
      [0, 0],
      [0, 0],
      [0, 100],
      [1_000_000, 0],
      [1_000_000, 0],
      [1_000_000, 100],
    ],
  },
  {
    name: "a refusal costs nothing",
    ratePerSecond: 1,
    burst: 1,
    takes: [
      [0, 0],
      [200, 800],
      [400, 600],
      [600, 400],
      [800, 200],
      [1000, 0],
    ],
  },
  {
    name: "a rate below one per second",
    ratePerSecond: 0.5,
    burst: 1,
    takes: [
      [0, 0],
      [1000, 1000],
      [1999, 1],
      [2000, 0],
    ],
  },
  {
    name: "fractions of a millisecond do not lose a token of the burst",
    ratePerSecond: 3,
    burst: 10,
    takes: [
      ...Array.from({ length: 10 }, (): [number, number] => [1e9 + 0.1, 0]),
      [1e9 + 0.1, 334],
      [1e9 + 334.1, 0],
    ],
  },
];

for (const { name, ratePerSecond, burst, takes } of tables) {
  test(`Token bucket: ${name}.`, () => {
    let nowMs = 0;
    const bucket = createTokenBucket({
      ratePerSecond,
      burst,
      now: () => nowMs,
    });
    const actual = takes.map(([timeMs]) => {
      nowMs = timeMs;
      return [timeMs, bucket.take()];
    });
    assert.deepEqual(actual, takes);
  });
}

test("Token bucket: to wait as long as told always suffices, and in the long run the rate holds.", () => {
  for (const ratePerSecond of [0.3, 3, 7, 10, 60, 300, 999]) {
    let nowMs = 123_456.789;
    const bucket = createTokenBucket({
      ratePerSecond,
      burst: 1,
      now: () => nowMs,
    });
    for (let i = 0; i < 1000; i++) {
      assert.equal(bucket.take(), 0);
      const waitMs = bucket.take();
      assert.ok(waitMs >= 1 && waitMs <= Math.ceil(1000 / ratePerSecond));
      nowMs += waitMs;
    }
    const seconds = (nowMs - 123_456.789) / 1000;
    assert.ok(1000 <= seconds * ratePerSecond + 1);
  }
});
