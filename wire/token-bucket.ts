// A budget that is refilled at a steady rate: so many at once, then so many a
// second. Costs two numbers and no timer.

/**
 * A token bucket.
 */
export class TokenBucket {
  #tokens: number;
  #filledAtMs = 0;
  readonly #burst: number;
  readonly #perSecond: number;

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
  }

  /** Take one token. Returns false if there is none. */
  take(nowMs: number): boolean {
    if (this.#tokens < 1) {
      // Before the first refill the time it takes is unknown: it was full.
      const elapsedMs = this.#filledAtMs === 0 ? 0 : nowMs - this.#filledAtMs;
      const fresh = (elapsedMs * this.#perSecond) / 1000;
      this.#tokens = Math.min(this.#burst, this.#tokens + fresh);
      this.#filledAtMs = nowMs;
      if (this.#tokens < 1) return false;
    } else if (this.#filledAtMs === 0) {
      this.#filledAtMs = nowMs;
    }
    this.#tokens -= 1;
    return true;
  }
}
