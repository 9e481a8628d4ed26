// A budget that is refilled at a steady rate: so many at once, then so many a
// second. Costs two numbers and no timer.

/**
 * A token bucket.
 */
export class TokenBucket {
  #tokens: number;
  #filledAtMs: number;
  readonly #burst: number;
  readonly #perSecond: number;

  /** A full one. */
  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
    this.#filledAtMs = nowMs;
  }

  /** Take one token. Returns false if there is none. */
  take(nowMs: number): boolean {
    const fresh = ((nowMs - this.#filledAtMs) * this.#perSecond) / 1000;
    this.#filledAtMs = nowMs;
    this.#tokens = Math.min(this.#burst, this.#tokens + fresh);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
