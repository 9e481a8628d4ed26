// How long a departure may wait for the registry.
//
// One budget for all steps: who drains, closes and closes the registrar while
// the registry is away waits once, not three times. Where the announcement used
// up its half, the end still has the other one, for a registry that came back.

import { within } from "./within.ts";

/**
 * The budget of departures. No wait rejects: when the time is used up, it
 * resolves, and what was waited for goes on.
 */
export interface DepartureBudget {
  /** Wait for the announcement, for half of what is left at most. */
  waitForDrain(step: Promise<void>): Promise<void>;
  /** Wait for the end, for all that is left. */
  waitForEnd(step: Promise<void>): Promise<void>;
  /** The registry answers: whoever leaves later has the whole budget again. */
  refill(): void;
}

/**
 * Create a budget for waits of `budgetMs` in total. Waits at the same time
 * count once. `now` counts milliseconds, and never goes back.
 */
export function createDepartureBudget(
  budgetMs = 2_000,
  now: () => number = () => performance.now(),
): DepartureBudget {
  let leftMs = budgetMs;
  let waiting = 0;
  let waitingSince = 0;

  function left(): number {
    const spentMs = waiting > 0 ? now() - waitingSince : 0;
    return Math.max(0, leftMs - spentMs);
  }

  async function wait(step: Promise<void>, ratio: number): Promise<void> {
    const boundMs = left() * ratio;
    if (waiting++ === 0) waitingSince = now();
    // The one way this rejects is to be late, which is no error here.
    await within(boundMs, step).catch(() => {});
    if (waiting === 1) leftMs = left();
    waiting--;
  }

  return {
    waitForDrain: (step) => wait(step, 0.5),
    waitForEnd: (step) => wait(step, 1),
    refill() {
      leftMs = budgetMs;
      waitingSince = now();
    },
  };
}
