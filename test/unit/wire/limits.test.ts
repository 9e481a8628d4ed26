// Tests wire/limits.ts: what the two presets are, number by number, and what
// nobody can set. Whoever changes a preset changes this table.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  edgeLimits,
  internalLimits,
  type Limits,
  resolveLimits,
} from "../../../wire/limits.ts";

const KIB = 1_024;
const MIB = 1_024 * KIB;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const OFF = Number.POSITIVE_INFINITY;

const table: readonly [keyof Limits, edge: number, internal: number][] = [
  ["maxConcurrentStreams", 128, 1_000],
  ["maxRefusalsPerSecond", 100, 10_000],
  ["maxHeaderListBytes", 32 * KIB, 64 * KIB],
  ["maxHeaderFields", 128, 256],
  ["maxContinuationFrames", 8, 8],
  ["decoderTableBytes", 4_096, 4_096],
  ["encoderTableBytes", 4_096, 4_096],
  ["resetBurst", 1_000, 100_000],
  ["resetsPerSecond", 33, 10_000],
  ["maxStreamErrors", 500, 5_000],
  ["pingBurst", 100, 1_000],
  ["pingsPerSecond", 10, 100],
  ["settingsBurst", 100, 1_000],
  ["settingsPerSecond", 10, 100],
  ["maxEmptyDataFrames", 10, 100],
  ["smallDataBudgetBytes", 25_600, OFF],
  ["wastedBurst", 10_000, 100_000],
  ["wastedPerSecond", 1_000, 10_000],
  ["windowUpdateFactor", 1, 10],
  ["prioritiesPerSecond", 100, 100],
  ["prefaceTimeoutMs", 10 * SECOND, 10 * SECOND],
  ["headersTimeoutMs", 10 * SECOND, 30 * SECOND],
  ["stallTimeoutMs", 30 * SECOND, 30 * SECOND],
  ["stallMinBytes", 16 * KIB, 16 * KIB],
  ["maxStalledStreams", 10, 10],
  ["maxQueuedControlFrames", 1_000, 10_000],
  ["maxQueuedBytes", 1 * MIB, 4 * MIB],
  ["maxConnections", 50_000, 50_000],
  ["maxConnectionsPerAddress", 1_000, OFF],
  ["idleTimeoutMs", 5 * MINUTE, 1 * HOUR],
  ["maxAgeMs", 1 * HOUR, OFF],
  ["streamWindowBytes", 256 * KIB, 1 * MIB],
  ["connectionWindowBytes", 1 * MIB, 16 * MIB],
];

describe("the presets", () => {
  for (const [name, edge, internal] of table) {
    test(`${name}: ${edge} and ${internal}`, () => {
      assert.equal(edgeLimits[name], edge);
      assert.equal(internalLimits[name], internal);
    });
  }

  test("have no limit but these", () => {
    const names = table.map(([name]) => name).sort();
    assert.deepEqual(Object.keys(edgeLimits).sort(), names);
    assert.deepEqual(Object.keys(internalLimits).sort(), names);
  });

  test("can be resolved", () => {
    assert.deepEqual(resolveLimits(edgeLimits), edgeLimits);
    assert.deepEqual(resolveLimits(internalLimits, {}), internalLimits);
  });
});

test("a change changes one number, and the preset not at all", () => {
  const limits = resolveLimits(edgeLimits, { pingBurst: 7 });
  assert.deepEqual(limits, { ...edgeLimits, pingBurst: 7 });
  assert.equal(edgeLimits.pingBurst, 100);
});

test("what may be off can be Infinity, and any limit 0", () => {
  const off = { maxAgeMs: OFF, idleTimeoutMs: OFF, smallDataBudgetBytes: OFF };
  assert.equal(resolveLimits(edgeLimits, off).idleTimeoutMs, OFF);
  assert.equal(resolveLimits(edgeLimits, { resetBurst: 0 }).resetBurst, 0);
});

describe("nobody can set", () => {
  const windows = ["streamWindowBytes", "connectionWindowBytes"] as const;
  const refused: [name: keyof Limits, value: unknown][] = [
    ["pingBurst", -1],
    ["maxQueuedBytes", 65_535],
    ["pingBurst", Number.NaN],
    ["pingBurst", "100"],
    ["pingBurst", undefined],
    ["pingBurst", null],
    ["idleTimeoutMs", -0.5],
    ...windows.flatMap((name): [keyof Limits, unknown][] => [
      [name, 0],
      [name, 70_000.5],
      [name, 2 ** 31],
      [name, OFF],
    ]),
    ["connectionWindowBytes", 65_534],
    // Announced to the peer as 32 bits: it would read another number.
    ["maxConcurrentStreams", OFF],
    ["maxConcurrentStreams", 1.5],
    ["maxConcurrentStreams", 2 ** 32],
    ["maxHeaderListBytes", OFF],
    ["maxHeaderListBytes", 2 ** 32],
  ];
  for (const [name, value] of refused) {
    test(`${name} to ${value}`, () => {
      const changes = { [name]: value } as Partial<Limits>;
      assert.throws(
        () => resolveLimits(edgeLimits, changes),
        (error) => error instanceof RangeError && error.message.includes(name),
      );
    });
  }
});

describe("the edge of what can be set", () => {
  const accepted: [name: keyof Limits, value: number][] = [
    ["streamWindowBytes", 1],
    ["streamWindowBytes", 0x7fff_ffff],
    ["connectionWindowBytes", 65_535],
    ["connectionWindowBytes", 0x7fff_ffff],
  ];
  for (const [name, value] of accepted) {
    test(`${name} to ${value}`, () => {
      const limits = resolveLimits(edgeLimits, { [name]: value });
      assert.equal(limits[name], value);
    });
  }
});
