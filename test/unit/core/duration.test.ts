// Tests core/duration.ts: durations as people write them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseDurationMs } from "../../../core/duration.ts";

describe("parseDurationMs() reads", () => {
  const table: [text: string, expected: number][] = [
    ["0", 0],
    ["0s", 0],
    ["250ms", 250],
    ["3s", 3_000],
    ["1.5s", 1_500],
    ["5m", 300_000],
    ["1h", 3_600_000],
  ];
  for (const [text, expected] of table) {
    test(`${text} as ${expected} ms`, () => {
      assert.equal(parseDurationMs(text), expected);
    });
  }
});

describe("parseDurationMs() returns an error that quotes", () => {
  for (const text of [
    ...["", "5", "s", "3 s", "-1s", "+1s", "1.s", ".5s", "1e3s"],
    ...["1d", "3S", "1m30s", "3s ", "Infinity", "constructor", "1toString"],
  ]) {
    test(JSON.stringify(text), () => {
      const error = parseDurationMs(text);
      assert.ok(error instanceof Error);
      assert.ok(error.message.startsWith(`"${text}" is not a duration`));
    });
  }
});
