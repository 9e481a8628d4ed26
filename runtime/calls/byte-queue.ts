// Bytes that wait, in blocks: whatever pieces they came in, they take no more
// room than they are long, and a block.

const BLOCK_BYTES = 16 << 10;

const NOTHING = Buffer.alloc(0);

/**
 * A queue of bytes.
 */
export class ByteQueue {
  /** Full blocks, and one that bytes are added to. */
  #blocks: Buffer[] = [];
  #lastLength = 0;
  /** How much of the first block is gone. */
  #offset = 0;

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  /** What comes first, as much as lies together. */
  get first(): Buffer {
    const block = this.#blocks[0] ?? NOTHING;
    const end = this.#blocks.length === 1 ? this.#lastLength : block.length;
    return block.subarray(this.#offset, end);
  }

  /** Add a copy of bytes. */
  add(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      let last = this.#blocks.at(-1);
      if (last === undefined || this.#lastLength === last.length) {
        last = Buffer.allocUnsafeSlow(BLOCK_BYTES);
        this.#blocks.push(last);
        this.#lastLength = 0;
      }
      const step = Math.min(last.length - this.#lastLength, bytes.length - at);
      bytes.copy(last, this.#lastLength, at, at + step);
      this.#lastLength += step;
      at += step;
    }
  }

  /** So many bytes of `first` are dealt with. */
  advance(bytes: number): void {
    this.#offset += bytes;
    if (this.first.length > 0) return;
    this.#blocks.shift();
    this.#offset = 0;
  }

  clear(): void {
    this.#blocks = [];
    this.#offset = 0;
  }
}
