// One timer for the time limits of all connections, instead of several for
// each: ten thousand idle connections cost a fraction of a percent of a core.

/** Something that looks at the clock now and then. */
export interface Swept {
  /** How often at least, in milliseconds. */
  readonly sweepEveryMs: number;
  sweep(nowMs: number): void;
  /** The sweep threw; the others are swept all the same. */
  onFault(error: unknown): void;
}

/** At least so often, and more often while somebody needs it. */
const MAX_INTERVAL_MS = 250;
const MIN_INTERVAL_MS = 5;

const all = new Set<Swept>();
let timer: NodeJS.Timeout | undefined;
let intervalMs = MAX_INTERVAL_MS;

/** Sweep it from now on. */
export function startSweeping(swept: Swept): void {
  all.add(swept);
  const wantedMs = Math.max(MIN_INTERVAL_MS, swept.sweepEveryMs);
  if (timer !== undefined && wantedMs >= intervalMs) return;
  clearInterval(timer);
  intervalMs = Math.min(MAX_INTERVAL_MS, wantedMs);
  // Never what keeps a process alive.
  timer = setInterval(sweepAll, intervalMs).unref();
}

/** Don't any more. */
export function stopSweeping(swept: Swept): void {
  all.delete(swept);
  if (all.size > 0) return;
  clearInterval(timer);
  timer = undefined;
  intervalMs = MAX_INTERVAL_MS;
}

function sweepAll(): void {
  const nowMs = performance.now();
  for (const swept of all) {
    try {
      swept.sweep(nowMs);
    } catch (error) {
      swept.onFault(error);
    }
  }
}
