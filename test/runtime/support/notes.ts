// What a server's handlers and interceptors have seen, in the order in which it
// happened, for a test that waits for it.

import { ConnectError, type HandlerContext } from "@connectrpc/connect";

import { HIDDEN_FIELDS } from "./differences.ts";

/** No wait takes longer, in milliseconds: what is waited for failed. */
const WAIT_LIMIT_MS = 10_000;

/** Plain values that are compared, and contexts that are looked at later. */
export class Notes {
  readonly all: unknown[] = [];
  readonly contexts: HandlerContext[] = [];
  readonly #waiting = new Set<() => void>();

  /** Take a note. */
  add(...values: readonly unknown[]): void {
    this.all.push(...values);
    for (const check of [...this.#waiting]) check();
  }

  /** Wait until there are so many notes. */
  async count(count: number): Promise<void> {
    if (this.all.length >= count) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const check = () => this.all.length >= count && resolve();
    const fail = () => reject(new Error(`only ${this.all.length} notes`));
    const limit = setTimeout(fail, WAIT_LIMIT_MS);
    this.#waiting.add(check);
    await promise.finally(() => {
      clearTimeout(limit);
      this.#waiting.delete(check);
    });
  }
}

/** A reason as plain values: its message only if it is no ConnectError's. */
export function plainReason(reason: unknown): unknown {
  if (reason instanceof ConnectError)
    return { code: reason.code, isWireError: reason.isWireError };
  if (reason instanceof Error)
    return { name: reason.name, message: reason.message };
  return reason;
}

/** A signal as plain values. */
export function plainSignal(signal: AbortSignal): unknown {
  return signal.aborted
    ? { aborted: true, reason: plainReason(signal.reason) }
    : { aborted: false };
}

/** Resolves when a signal has aborted. */
export function abortOf(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** All values of header fields, in Headers' own order. */
export function plainHeaders(headers: Headers): unknown {
  return [...headers].filter(([name]) => !HIDDEN_FIELDS.has(name));
}
