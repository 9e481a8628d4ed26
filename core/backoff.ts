// How long to wait before the next try: exponential with full jitter.
//
// Full jitter spreads a crowd that failed together better than any fixed
// share: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

/**
 * Options for createBackoff().
 */
export interface BackoffOptions {
  /** The bound of the first wait, in milliseconds. Defaults to 200. */
  readonly initialMs?: number;
  /** The bound that no wait exceeds, in milliseconds. Defaults to 5,000. */
  readonly maxMs?: number;
  /** Source of randomness, uniform in [0, 1). Defaults to Math.random. */
  readonly random?: () => number;
}

/**
 * A sequence of waits that grows until it is reset.
 */
export interface Backoff {
  /** The next wait, in milliseconds: uniform in [0, bound), then the bound doubles. */
  next(): number;
  /** Begin again: to be called once something worked. */
  reset(): void;
}

/**
 * Create a sequence of waits.
 */
export function createBackoff(options: BackoffOptions = {}): Backoff {
  const { initialMs = 200, maxMs = 5_000, random = Math.random } = options;
  let boundMs = initialMs;
  return {
    next() {
      const waitMs = random() * boundMs;
      boundMs = Math.min(boundMs * 2, maxMs);
      return waitMs;
    },
    reset() {
      boundMs = initialMs;
    },
  };
}
