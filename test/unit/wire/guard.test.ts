// Tests wire/guard.ts: each budget of a connection, how much of it there is at
// once and what gives it back. The clock is the test's.

import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import { Guard } from "../../../wire/guard.ts";
import { edgeLimits, internalLimits } from "../../../wire/limits.ts";
import type { Violation } from "../../../wire/stats.ts";

let nowMs = 1_000;
mock.method(performance, "now", () => nowMs);

beforeEach(() => {
  nowMs = 1_000;
});

/** How often it goes well until it doesn't, `most` times at most. */
function count(step: () => Violation | undefined, most = 200_000): number {
  for (let done = 0; done < most; done++) if (step() !== undefined) return done;
  return Number.POSITIVE_INFINITY;
}

type Event = "onReset" | "onRefusal" | "onPing" | "onSettings" | "onPriority";

describe("a budget that time refills", () => {
  type Row = [Event, burst: number, perSecond: number, Violation];
  const presets: [name: string, limits: typeof edgeLimits, Row[]][] = [
    [
      "edge",
      edgeLimits,
      [
        ["onReset", 1_000, 33, "resetBurst"],
        ["onRefusal", 100, 100, "maxRefusalsPerSecond"],
        ["onPing", 100, 10, "pingBurst"],
        ["onSettings", 100, 10, "settingsBurst"],
        ["onPriority", 100, 100, "prioritiesPerSecond"],
      ],
    ],
    [
      "internal",
      internalLimits,
      [
        ["onReset", 100_000, 10_000, "resetBurst"],
        ["onPing", 1_000, 100, "pingBurst"],
        ["onSettings", 1_000, 100, "settingsBurst"],
        ["onPriority", 100, 100, "prioritiesPerSecond"],
      ],
    ],
  ];
  for (const [name, limits, rows] of presets) {
    for (const [event, burst, perSecond, violation] of rows) {
      test(`${name}: ${event} has ${burst}, then ${perSecond} a second`, () => {
        const guard = new Guard(limits);
        assert.equal(
          count(() => guard[event]()),
          burst,
        );
        assert.equal(guard[event](), violation);
        nowMs += 1_000;
        assert.equal(
          count(() => guard[event]()),
          perSecond,
        );
        nowMs += 3_600_000;
        assert.equal(
          count(() => guard[event]()),
          burst,
        );
      });
    }
  }

  test("is one for each kind", () => {
    const guard = new Guard(edgeLimits);
    count(() => guard.onPing());
    assert.equal(
      count(() => guard.onSettings()),
      100,
    );
    assert.equal(
      count(() => guard.onReset()),
      1_000,
    );
  });
});

describe("a PING", () => {
  test("is free after HEADERS or DATA that we sent, once", () => {
    const guard = new Guard(edgeLimits);
    count(() => guard.onPing());
    guard.messageFramesSent += 3;
    assert.equal(guard.onPing(), undefined);
    assert.equal(guard.onPing(), "pingBurst");
  });

  test("is always free while there is something between two of them", () => {
    const guard = new Guard(edgeLimits);
    const step = () => {
      guard.messageFramesSent++;
      return guard.onPing();
    };
    assert.equal(count(step, 10_000), Number.POSITIVE_INFINITY);
  });
});

describe("WINDOW_UPDATE", () => {
  // Factor x (5 + 2 x (streams + 10 x DATA frames)).
  const table: [streams: number, dataFrames: number, allowed: number][] = [
    [0, 0, 5],
    [1, 0, 7],
    [0, 1, 25],
    [10, 3, 85],
  ];
  for (const [streams, dataFrames, allowed] of table) {
    test(`may come ${allowed} times for ${streams} streams and ${dataFrames} DATA frames`, () => {
      for (const [limits, factor] of [
        [edgeLimits, 1],
        [internalLimits, 10],
      ] as const) {
        const guard = new Guard(limits);
        guard.streams = streams;
        guard.dataFramesSent = dataFrames;
        assert.equal(
          count(() => guard.onWindowUpdate()),
          factor * allowed,
        );
        assert.equal(guard.onWindowUpdate(), "windowUpdateFactor");
      }
    });
  }

  test("is not given back by time", () => {
    const guard = new Guard(edgeLimits);
    count(() => guard.onWindowUpdate());
    nowMs += 3_600_000;
    assert.equal(guard.onWindowUpdate(), "windowUpdateFactor");
  });
});

describe("empty DATA", () => {
  test("may come ten times in a row, a hundred internally", () => {
    const edge = new Guard(edgeLimits);
    const internal = new Guard(internalLimits);
    assert.equal(
      count(() => edge.onData(0)),
      10,
    );
    assert.equal(edge.onData(0), "maxEmptyDataFrames");
    assert.equal(
      count(() => internal.onData(0)),
      100,
    );
  });

  test("is forgiven by DATA that isn't", () => {
    const guard = new Guard(edgeLimits);
    const step = () => {
      for (let i = 0; i < 10; i++) assert.equal(guard.onData(0), undefined);
      return guard.onData(300);
    };
    assert.equal(count(step, 100), Number.POSITIVE_INFINITY);
  });
});

describe("small DATA", () => {
  const table: [length: number, allowed: number][] = [
    [1, 100],
    [56, 128],
    [255, 25_600],
  ];
  for (const [length, allowed] of table) {
    test(`of ${length} bytes may come ${allowed} times`, () => {
      const guard = new Guard(edgeLimits);
      assert.equal(
        count(() => guard.onData(length)),
        allowed,
      );
      assert.equal(guard.onData(length), "smallDataBudgetBytes");
    });
  }

  test("of 256 bytes costs nothing", () => {
    const guard = new Guard(edgeLimits);
    const step = () => guard.onData(256);
    assert.equal(count(step, 100_000), Number.POSITIVE_INFINITY);
  });

  test("is paid by larger DATA, by as much as that is larger", () => {
    const guard = new Guard(edgeLimits);
    for (let i = 0; i < 100; i++) guard.onData(1);
    guard.onData(256 + 255);
    assert.equal(
      count(() => guard.onData(1)),
      1,
    );
  });

  test("can't be paid in advance", () => {
    const guard = new Guard(edgeLimits);
    guard.onData(16_384);
    assert.equal(
      count(() => guard.onData(1)),
      100,
    );
  });

  test("costs nothing once it is consumed", () => {
    const guard = new Guard(edgeLimits);
    const step = () => {
      const violation = guard.onData(1);
      guard.onConsumed(guard.costOf(1));
      return violation;
    };
    assert.equal(count(step, 10_000), Number.POSITIVE_INFINITY);
  });

  test("costs what it is short of 256 bytes", () => {
    const guard = new Guard(edgeLimits);
    const costs = [1, 255, 256, 16_384].map((length) => guard.costOf(length));
    assert.deepEqual(costs, [255, 1, 0, 0]);
  });

  test("has no limit internally", () => {
    const guard = new Guard(internalLimits);
    const step = () => guard.onData(1);
    assert.equal(count(step, 200_000), Number.POSITIVE_INFINITY);
  });
});

test("frames without effect may come 10,000 times, then 1,000 a second", () => {
  const guard = new Guard(edgeLimits);
  assert.equal(
    count(() => guard.onWasted()),
    10_000,
  );
  assert.equal(guard.onWasted(), "wastedBurst");
  nowMs += 1_000;
  assert.equal(
    count(() => guard.onWasted()),
    1_000,
  );
  const internal = new Guard(internalLimits);
  assert.equal(
    count(() => internal.onWasted()),
    100_000,
  );
});

describe("stream errors", () => {
  test("may be 500 per 10,000 streams, 5,000 internally", () => {
    const edge = new Guard(edgeLimits);
    assert.equal(
      count(() => edge.onStreamError()),
      500,
    );
    assert.equal(edge.onStreamError(), "maxStreamErrors");
    const internal = new Guard(internalLimits);
    assert.equal(
      count(() => internal.onStreamError()),
      5_000,
    );
  });

  test("are counted anew after 10,000 streams, not before", () => {
    const guard = new Guard(edgeLimits);
    for (let i = 0; i < 500; i++) guard.onStreamError();
    guard.streams = 9_999;
    assert.equal(guard.onStreamError(), "maxStreamErrors");
    guard.streams = 10_000;
    assert.equal(
      count(() => guard.onStreamError()),
      500,
    );
    guard.streams = 20_000;
    assert.equal(
      count(() => guard.onStreamError()),
      500,
    );
  });
});

test("the tenth stalled stream is too much, and one is forgiven per time-out", () => {
  const guard = new Guard(edgeLimits);
  const stalls = () => count(() => guard.onStall());
  assert.equal(stalls(), 9);
  assert.equal(guard.onStall(), "maxStalledStreams");
  nowMs += edgeLimits.stallTimeoutMs;
  assert.equal(stalls(), 1);
  nowMs += 2 * edgeLimits.stallTimeoutMs;
  assert.equal(stalls(), 2);
});
