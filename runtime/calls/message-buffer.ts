// A body that comes in pieces, put together in one place.

import { reservedBytes } from "./reserved-bytes.ts";

/**
 * Grows with what is added to it.
 */
export class MessageBuffer {
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** All that was added so far, a view. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** All of it, in memory that holds nothing else. */
  get whole(): Buffer {
    if (this.#buffer.length === this.#length) return this.#buffer;
    const exact = Buffer.allocUnsafeSlow(this.#length);
    exact.set(this.bytes);
    return exact;
  }

  /** Add a copy of `data`. About `expected` bytes will come in all. */
  add(data: Buffer, expected: number): void {
    const needed = this.#length + data.length;
    if (needed > this.#buffer.length) {
      const size = reservedBytes(needed, expected);
      const grown = Buffer.allocUnsafeSlow(size);
      grown.set(this.bytes);
      this.#buffer = grown;
    }
    this.#buffer.set(data, this.#length);
    this.#length = needed;
  }
}
