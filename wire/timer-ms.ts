// Node's timers take 31 bits, and fire at once for more.

const MAX_TIMER_MS = 2 ** 31 - 1;

/** A time that setTimeout() takes; "never" is 24 days. */
export function toTimerMs(ms: number): number {
  return Math.min(ms, MAX_TIMER_MS);
}
