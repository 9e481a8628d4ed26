// A body that comes in pieces, put together in one place.

/** What is announced isn't reserved before so much of it has come. */
const MAX_RESERVED_BYTES = 256 << 10;

const LEAST_BYTES = 1_024;

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

  /** Add a copy of `data`. About `expected` bytes will come in all. */
  add(data: Buffer, expected: number): void {
    const needed = this.#length + data.length;
    if (needed > this.#buffer.length) {
      const reserved =
        this.#length < MAX_RESERVED_BYTES
          ? Math.min(expected, MAX_RESERVED_BYTES)
          : expected;
      const doubled = 2 * this.#buffer.length;
      // As much as will come, if that is known; else more and more.
      const size =
        reserved > needed ? reserved : Math.max(needed, doubled, LEAST_BYTES);
      const grown = Buffer.allocUnsafeSlow(size);
      grown.set(this.bytes);
      this.#buffer = grown;
    }
    this.#buffer.set(data, this.#length);
    this.#length = needed;
  }
}
