// When a caller gives up. By a clock that is never set: that of the day may
// jump when it is, and calls would end at once, or never.

/**
 * A point in time.
 */
export class Deadline {
  readonly #endsAtMs: number;

  /** In `timeoutMs` milliseconds from now. */
  constructor(timeoutMs: number) {
    this.#endsAtMs = performance.now() + timeoutMs;
  }

  /** How many milliseconds are left; below 0: it is over. */
  leftMs(): number {
    return this.#endsAtMs - performance.now();
  }
}
