// The delays that cases ask for, cut short when their call is over.

import { setTimeout } from "node:timers/promises";

/**
 * Wait so many milliseconds; 0 not at all. Throws the signal's reason as soon
 * as that is aborted.
 */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await setTimeout(ms, undefined, { signal }).catch(() => {});
  signal.throwIfAborted();
}
