// How long departures wait, all their steps together.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { createDepartureBudget } from "../../../../mesh/registry/departure.ts";

const never = new Promise<void>(() => {});

/** Waits of a budget of 1,000 ms, in turn, on a clock of their own. */
async function waits(
  ...steps: readonly ("drain" | "end" | "both" | "refill")[]
): Promise<number[]> {
  mock.timers.enable({ apis: ["setTimeout"] });
  let nowMs = 0;
  const budget = createDepartureBudget(1_000, () => nowMs);
  const waitedMs: number[] = [];
  try {
    for (const step of steps) {
      const startedAt = nowMs;
      let over = false;
      const end = {
        drain: () => budget.waitForDrain(never),
        end: () => budget.waitForEnd(never),
        both: () =>
          Promise.all([budget.waitForEnd(never), budget.waitForEnd(never)]),
        refill: async () => budget.refill(),
      }[step]();
      void end.then(() => {
        over = true;
      });
      while (!over) {
        await new Promise(setImmediate);
        if (over) break;
        nowMs += 50;
        mock.timers.tick(50);
        await new Promise(setImmediate);
      }
      waitedMs.push(nowMs - startedAt);
    }
  } finally {
    mock.timers.reset();
  }
  return waitedMs;
}

for (const [steps, expected] of [
  [
    ["drain", "end", "end"],
    [500, 500, 0],
  ],
  [["end"], [1_000]],
  [
    ["drain", "drain", "end"],
    [500, 250, 250],
  ],
  [
    ["both", "end"],
    [1_000, 0],
  ],
  [
    ["drain", "refill", "end"],
    [500, 0, 1_000],
  ],
] as const) {
  test(`${steps.join(", ")}: waits ${expected.join(", ")} of 1000 ms`, async () => {
    const found = await waits(...steps);
    // A wait of 0 ms needs one tick of the clock above.
    assert.deepEqual(
      found.map((ms) => (ms <= 50 ? 0 : ms)),
      expected,
    );
  });
}

test("what the registry answers in time ends the wait", async () => {
  const budget = createDepartureBudget(60_000);
  await budget.waitForDrain(Promise.resolve());
  await budget.waitForEnd(Promise.resolve());
});
