// Tests core/backoff.ts: the bounds of the waits, with chosen randomness.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type BackoffOptions, createBackoff } from "../../../core/backoff.ts";

describe("createBackoff()", () => {
  const half = () => 0.5;
  const table: [what: string, options: BackoffOptions, expected: number[]][] = [
    [
      "doubles the bound up to the largest",
      { initialMs: 100, maxMs: 500, random: half },
      [50, 100, 200, 250, 250],
    ],
    [
      "begins at 200 ms and ends at 5 s unless told otherwise",
      { random: half },
      [100, 200, 400, 800, 1_600, 2_500, 2_500],
    ],
    ["may not wait at all", { random: () => 0 }, [0, 0, 0]],
  ];
  for (const [what, options, expected] of table) {
    test(what, () => {
      const backoff = createBackoff(options);
      assert.deepEqual(
        expected.map(() => backoff.next()),
        expected,
      );
    });
  }

  test("begins again after reset()", () => {
    const backoff = createBackoff({ initialMs: 100, random: half });
    backoff.next();
    backoff.next();
    backoff.reset();
    assert.equal(backoff.next(), 50);
  });

  test("draws anew for each wait", () => {
    const draws = [0.1, 0.9];
    const random = () => draws.shift() ?? 0;
    const backoff = createBackoff({ initialMs: 100, random });
    assert.deepEqual([backoff.next(), backoff.next()], [10, 180]);
  });

  test("stays below its bound with its own randomness", () => {
    const backoff = createBackoff({ initialMs: 8, maxMs: 8 });
    for (let i = 0; i < 100; i++) {
      const waitMs = backoff.next();
      assert.ok(waitMs >= 0 && waitMs < 8, `${waitMs} ms`);
    }
  });
});
