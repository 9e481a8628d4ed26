// Counts what one peer asks of a connection, and says when it is too much.
// Each method returns the name of the violated limit, or undefined.

import type { Limits } from "./limits.ts";
import type { Violation } from "./stats.ts";
import { TokenBucket } from "./token-bucket.ts";

/** DATA frames below this cost more than they carry. */
const SMALL_DATA_BYTES = 256;

/** What a peer may always send of WINDOW_UPDATE, and per stream and DATA. */
const FREE_WINDOW_UPDATES = 5;
const UPDATES_PER_STREAM = 2;
const UPDATES_PER_DATA = 20;

/** Stream errors are counted over so many streams. */
const STREAM_ERROR_SPAN = 10_000;

/**
 * The budgets of one connection.
 */
export class Guard {
  readonly #limits: Limits;
  // Made when first needed: an idle connection has none of them.
  #resets: TokenBucket | undefined;
  #refusals: TokenBucket | undefined;
  #pings: TokenBucket | undefined;
  #settings: TokenBucket | undefined;
  #priorities: TokenBucket | undefined;
  #wasted: TokenBucket | undefined;
  #emptyData = 0;
  #smallData = 0;
  #windowUpdates = 0;
  #streamErrors = 0;
  #streamErrorsSince = 0;
  #stalls: TokenBucket | undefined;
  #framesAtPing = 0;
  /** How many streams there were. */
  streams = 0;
  /** HEADERS and DATA frames that we sent, and the DATA frames among them. */
  messageFramesSent = 0;
  dataFramesSent = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** RST_STREAM before an answer. */
  onReset(): Violation | undefined {
    const { resetBurst, resetsPerSecond } = this.#limits;
    const nowMs = performance.now();
    this.#resets ??= new TokenBucket(resetBurst, resetsPerSecond, nowMs);
    return this.#resets.take(nowMs) ? undefined : "resetBurst";
  }

  /** A stream that we refused. */
  onRefusal(): Violation | undefined {
    const rate = this.#limits.maxRefusalsPerSecond;
    const nowMs = performance.now();
    this.#refusals ??= new TokenBucket(rate, rate, nowMs);
    return this.#refusals.take(nowMs) ? undefined : "maxRefusalsPerSecond";
  }

  /** PING that isn't an answer. */
  onPing(): Violation | undefined {
    const isFree = this.messageFramesSent !== this.#framesAtPing;
    this.#framesAtPing = this.messageFramesSent;
    if (isFree) return undefined;
    const { pingBurst, pingsPerSecond } = this.#limits;
    const nowMs = performance.now();
    this.#pings ??= new TokenBucket(pingBurst, pingsPerSecond, nowMs);
    return this.#pings.take(nowMs) ? undefined : "pingBurst";
  }

  /** SETTINGS that isn't an answer. */
  onSettings(): Violation | undefined {
    const { settingsBurst, settingsPerSecond } = this.#limits;
    const nowMs = performance.now();
    this.#settings ??= new TokenBucket(settingsBurst, settingsPerSecond, nowMs);
    return this.#settings.take(nowMs) ? undefined : "settingsBurst";
  }

  /** PRIORITY. */
  onPriority(): Violation | undefined {
    const rate = this.#limits.prioritiesPerSecond;
    const nowMs = performance.now();
    this.#priorities ??= new TokenBucket(rate, rate, nowMs);
    return this.#priorities.take(nowMs) ? undefined : "prioritiesPerSecond";
  }

  /** WINDOW_UPDATE. */
  onWindowUpdate(): Violation | undefined {
    const allowed =
      FREE_WINDOW_UPDATES +
      UPDATES_PER_STREAM * this.streams +
      UPDATES_PER_DATA * this.dataFramesSent;
    return ++this.#windowUpdates > allowed * this.#limits.windowUpdateFactor
      ? "windowUpdateFactor"
      : undefined;
  }

  /** DATA that doesn't end its stream; `length` is that of its body. */
  onData(length: number): Violation | undefined {
    if (length === 0) {
      return ++this.#emptyData > this.#limits.maxEmptyDataFrames
        ? "maxEmptyDataFrames"
        : undefined;
    }
    this.#emptyData = 0;
    this.#smallData += SMALL_DATA_BYTES - length;
    if (this.#smallData < 0) this.#smallData = 0;
    return this.#smallData > this.#limits.smallDataBudgetBytes
      ? "smallDataBudgetBytes"
      : undefined;
  }

  /**
   * A frame without effect: for a stream that is gone, or an answer to
   * nothing. Its sender may not know yet, but should soon.
   */
  onWasted(): Violation | undefined {
    const { wastedBurst, wastedPerSecond } = this.#limits;
    const nowMs = performance.now();
    this.#wasted ??= new TokenBucket(wastedBurst, wastedPerSecond, nowMs);
    return this.#wasted.take(nowMs) ? undefined : "wastedBurst";
  }

  /** What a DATA frame costs as long as nobody has consumed it. */
  costOf(length: number): number {
    return length > 0 && length < SMALL_DATA_BYTES
      ? SMALL_DATA_BYTES - length
      : 0;
  }

  /** It was consumed. */
  onConsumed(cost: number): void {
    this.#smallData = Math.max(0, this.#smallData - cost);
  }

  /** A stream error that we sent. */
  onStreamError(): Violation | undefined {
    if (this.streams - this.#streamErrorsSince >= STREAM_ERROR_SPAN) {
      this.#streamErrorsSince = this.streams;
      this.#streamErrors = 0;
    }
    return ++this.#streamErrors > this.#limits.maxStreamErrors
      ? "maxStreamErrors"
      : undefined;
  }

  /** A stream that got rid of too little output. */
  onStall(): Violation | undefined {
    const { maxStalledStreams, stallTimeoutMs } = this.#limits;
    const nowMs = performance.now();
    // One more is forgiven after each stall time-out.
    const perSecond = 1000 / stallTimeoutMs;
    this.#stalls ??= new TokenBucket(maxStalledStreams - 1, perSecond, nowMs);
    return this.#stalls.take(nowMs) ? undefined : "maxStalledStreams";
  }
}
