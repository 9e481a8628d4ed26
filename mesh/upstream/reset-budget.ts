// How fast calls on one connection to an instance may be cancelled.
//
// Servers end a connection on which too many streams are reset (CVE-2023-44487,
// "rapid reset"), and all callers share that connection: it would be enough
// that one of them cancels fast. What is beyond the budget waits its turn, and
// may end by itself meanwhile, as a call that nobody cancelled.

import { TokenBucket } from "../../wire/index.ts";

/**
 * nghttp2, one of the strictest servers in wide use, takes 1,000 resets at once
 * and 33 a second from then on (NGHTTP2_DEFAULT_STREAM_RESET_BURST and _RATE).
 * Of the burst we take a tenth: its clock and ours need not agree.
 */
const RESET_BURST = 100;
const RESETS_PER_SECOND = 33;

/** What can be reset: a stream. */
export interface Resettable {
  reset(code: number): void;
}

/**
 * The budget of one connection.
 */
export class ResetBudget {
  readonly #tokens: TokenBucket;
  readonly #now: () => number;
  /** Those whose turn has not come, in order, with the code to reset with. */
  readonly #waiting = new Map<Resettable, number>();
  #timer: NodeJS.Timeout | undefined;
  #isLifted = false;

  /** `now` is a clock, in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#tokens = new TokenBucket(RESET_BURST, RESETS_PER_SECOND, now());
  }

  /**
   * Reset a stream: at once, or when its turn comes. Whoever asks tells with
   * forget() that it has ended by itself.
   */
  reset(stream: Resettable, code: number): void {
    if (this.#isLifted) {
      stream.reset(code);
      return;
    }
    this.#waiting.set(stream, code);
    // Nobody overtakes those who wait.
    if (this.#timer === undefined) this.#resetNext();
  }

  /** A stream has ended. */
  forget(stream: Resettable): void {
    this.#waiting.delete(stream);
  }

  /** Reset all that wait; from now on, wait for nothing. */
  lift(): void {
    this.#isLifted = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [stream, code] of this.#waiting) stream.reset(code);
    this.#waiting.clear();
  }

  #resetNext(): void {
    this.#timer = undefined;
    for (const [stream, code] of this.#waiting) {
      if (!this.#tokens.take(this.#now())) break;
      this.#waiting.delete(stream);
      stream.reset(code);
    }
    if (this.#waiting.size === 0) return;
    this.#timer = setTimeout(
      () => this.#resetNext(),
      1_000 / RESETS_PER_SECOND,
    );
  }
}
