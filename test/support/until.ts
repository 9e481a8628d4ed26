// Waiting for what nobody announces: a condition that is looked at again and
// again. Where there is an event or a log line, wait for that instead.

import { setTimeout } from "node:timers/promises";

/** How often it is looked at, in milliseconds. */
const INTERVAL_MS = 20;

/** How long at most, in milliseconds. A test that gets here has failed. */
const TIMEOUT_MS = 20_000;

/**
 * Wait until `check` gives something true, and resolve with that. Rejects after
 * 20 seconds, saying what was waited for.
 */
export async function until<T>(
  what: string,
  check: () => T | Promise<T>,
): Promise<Exclude<T, false | undefined | null | 0 | "">> {
  const endsAt = performance.now() + TIMEOUT_MS;
  while (performance.now() < endsAt) {
    const found = await check();
    if (found) return found as Exclude<T, false | undefined | null | 0 | "">;
    await setTimeout(INTERVAL_MS);
  }
  throw new Error(`waited in vain until ${what}`);
}
