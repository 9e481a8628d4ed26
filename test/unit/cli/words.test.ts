// The small pieces that the reports are put together from.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatDuration } from "../../../cli/human-duration.ts";
import { findNearMatches } from "../../../cli/near-matches.ts";
import { formatColumns } from "../../../cli/table.ts";

describe("formatDuration()", () => {
  const cases: readonly [seconds: number, text: string][] = [
    [-5, "0s"],
    [0, "0s"],
    [0.9, "0s"],
    [59.9, "59s"],
    [60, "1m"],
    [192, "3m 12s"],
    [3_600, "1h"],
    [3_659, "1h"],
    [3_660, "1h 1m"],
    [86_400 + 7_200 + 59, "1d 2h"],
    [400 * 86_400, "400d"],
  ];
  for (const [seconds, expected] of cases) {
    test(`${seconds} s are ${expected}`, () => {
      assert.equal(formatDuration(seconds), expected);
    });
  }
});

describe("formatColumns()", () => {
  test("makes each column as wide as its widest cell", () => {
    const rows = [
      ["a", "bbb", "c"],
      ["aaaa", "b", ""],
    ];
    assert.equal(formatColumns(rows), "a     bbb  c\naaaa  b\n");
  });

  test("is empty without rows", () => {
    assert.equal(formatColumns([]), "");
  });
});

describe("findNearMatches()", () => {
  const names = ["greeter", "greeter.v1.GreeterService", "say", "user"];
  const cases: readonly [wanted: string, found: string[]][] = [
    ["greter", ["greeter"]],
    ["Greeter", ["greeter", "greeter.v1.GreeterService"]],
    ["GreeterService", ["greeter", "greeter.v1.GreeterService"]],
    ["greeter.v1.GreterService", ["greeter", "greeter.v1.GreeterService"]],
    ["users", ["user"]],
    ["usre", []],
    ["zzz", []],
  ];
  for (const [wanted, found] of cases) {
    test(`for ${wanted} finds ${found.join(" and ") || "nothing"}`, () => {
      assert.deepEqual(findNearMatches(wanted, names), found);
    });
  }
});
