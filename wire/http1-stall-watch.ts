// Watches an answer over HTTP/1.1 whose caller takes nothing of it.

import type { ServerResponse } from "node:http";
import { toTimerMs } from "./timer-ms.ts";

/** A caller has the stall time-out for so many bytes. */
const STEP_BYTES = 64 << 10;

/**
 * Cuts nothing off by itself: tells `onStall`, once.
 */
export class StallWatch {
  /** Bytes that node:http was given. */
  handedBytes = 0;
  readonly #response: ServerResponse;
  readonly #timeoutMs: number;
  readonly #onStall: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(
    response: ServerResponse,
    timeoutMs: number,
    onStall: () => void,
  ) {
    this.#response = response;
    this.#timeoutMs = timeoutMs;
    this.#onStall = onStall;
  }

  /** Watch from now on, if something waits. */
  watch(): void {
    const left = this.#response.writableLength;
    if (left === 0 || this.#timer !== undefined || this.#isStopped) return;
    const taken = this.handedBytes - left;
    const onTimeout = () => {
      this.#timer = undefined;
      const leftNow = this.#response.writableLength;
      if (leftNow === 0 || this.handedBytes - leftNow > taken)
        return this.watch();
      this.#onStall();
    };
    this.#timer = setTimeout(
      onTimeout,
      toTimerMs(this.#timeoutMs * Math.ceil(left / STEP_BYTES)),
    ).unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
