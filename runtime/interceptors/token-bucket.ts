// A token bucket: `burst` tokens fit in, `ratePerSecond` flow in, and every
// call takes one or is refused.
//
// Kept as one number, the time at which the bucket will be full again (the
// "theoretical arrival time" of ATM's generic cell rate algorithm, ITU-T
// I.371): no timer, and a refusal changes nothing.

// Sums of fractions come out wrong by less than this; a token that is nearer
// counts as there. A microsecond is nothing to rates below 100,000 a second.
const ROUNDING_MS = 0.001;

/**
 * Options for createTokenBucket().
 */
export interface TokenBucketOptions {
  /** Tokens that flow in each second; above 0. */
  readonly ratePerSecond: number;
  /** Tokens that fit in; at first it is full. An integer, at least 1. */
  readonly burst: number;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/**
 * Tokens that come at a steady rate.
 */
export interface TokenBucket {
  /**
   * Take a token. Returns 0 if there was one, else after how many whole
   * milliseconds there will be one; nothing was taken then.
   */
  take(): number;
}

/**
 * Create a full bucket. The options are not checked.
 */
export function createTokenBucket(options: TokenBucketOptions): TokenBucket {
  const { ratePerSecond, burst, now } = options;
  const tokenMs = 1000 / ratePerSecond;
  const capacityMs = burst * tokenMs;
  let fullAtMs = Number.NEGATIVE_INFINITY;
  return {
    take() {
      const nowMs = now();
      const nextFullAtMs = Math.max(fullAtMs, nowMs) + tokenMs;
      const waitMs = nextFullAtMs - nowMs - capacityMs;
      if (waitMs > ROUNDING_MS) return Math.ceil(waitMs - ROUNDING_MS);
      fullAtMs = nextFullAtMs;
      return 0;
    },
  };
}
