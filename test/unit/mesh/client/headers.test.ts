// Time-outs in headers, in the units that gRPC has.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  shortenTimeout,
  toGrpcTimeout,
} from "../../../../mesh/client/headers.ts";
import { HeaderField } from "../../../../wire/index.ts";

describe("a time-out", () => {
  const values: [timeoutMs: number, expected: string][] = [
    [1, "1m"],
    [0.2, "1m"],
    [1_500.5, "1501m"],
    [99_999_999, "99999999m"],
    [100_000_000, "100000S"],
    [100_000_001, "100001S"],
    [100_000_000_000, "27778H"],
    [Number.MAX_SAFE_INTEGER, "99999999H"],
  ];
  for (const [timeoutMs, expected] of values)
    test(`of ${timeoutMs} ms is ${expected}`, () => {
      assert.equal(toGrpcTimeout(timeoutMs), expected);
    });

  const fields: [field: [string, string], elapsedMs: number, left: string][] = [
    [["grpc-timeout", "20000m"], 0, "20000m"],
    [["grpc-timeout", "20000m"], 5_000.5, "15000m"],
    [["grpc-timeout", "20m"], 50, "1m"],
    [["grpc-timeout", "20S"], 5_000, "20S"],
    [["connect-timeout-ms", "20000"], 5_000, "15000"],
    [["connect-timeout-ms", "20"], 50, "1"],
    [["x-timeout", "20000m"], 5_000, "20000m"],
  ];
  for (const [[name, value], elapsedMs, left] of fields)
    test(`that says ${name}: ${value} is ${left} after ${elapsedMs} ms`, () => {
      const given = [new HeaderField(name, value)];
      const [field] = shortenTimeout(given, elapsedMs);
      assert.equal(field?.name, name);
      assert.equal(field?.value, left);
    });
});
