// Lets a few tasks run at a time and a few more wait, and refuses the rest.

/**
 * Too many tasks run and wait already.
 */
export class BusyError extends Error {
  override readonly name = "BusyError";
}

/**
 * Options for createLimiter().
 */
export interface LimiterOptions {
  /** Tasks that run at a time; at least 1. */
  readonly concurrency: number;
  /** Tasks that wait for their turn; 0 or more. */
  readonly maxWaiting: number;
}

/**
 * Runs tasks, first come, first served.
 */
export interface Limiter {
  /**
   * Run a task when it is its turn, and resolve with what it returns. Rejects
   * with a BusyError if there is no place to wait.
   */
  run<T>(task: () => Promise<T>): Promise<T>;
}

/**
 * Create a limiter.
 */
export function createLimiter(options: LimiterOptions): Limiter {
  const { concurrency, maxWaiting } = options;
  const waiting: (() => void)[] = [];
  let running = 0;

  async function enter(): Promise<void> {
    if (running < concurrency) {
      running++;
      return;
    }
    if (waiting.length >= maxWaiting) {
      throw new BusyError("too many at once: try again later");
    }
    // Whoever leaves hands its place over: `running` stays as it is.
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }

  return {
    async run(task) {
      await enter();
      try {
        return await task();
      } finally {
        leave();
      }
    },
  };
}
