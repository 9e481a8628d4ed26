// Pieces of a body that wait to be sent, in order.
//
// Small pieces are put together: a peer who writes byte by byte, or reads in
// drips, must cost no more memory than the bytes, nor time that grows with
// their number, nor a frame for each of them. Large pieces are kept by
// reference, unless they are a small part of a large chunk.

/** From this size on a piece stays one of its own. */
const LARGE_PIECE_BYTES = 4_096;

/** Small pieces are gathered in blocks: a first one, and the others. */
const FIRST_BLOCK_BYTES = 1_024;
const BLOCK_BYTES = 16 << 10;

/** A piece that is less than this part of its chunk doesn't keep it alive. */
const LEAST_SHARE = 1 / 4;

/**
 * A queue of bytes.
 */
export class PieceQueue {
  #pieces: Uint8Array[] = [];
  /** Pieces before this one are gone. */
  #head = 0;
  /** What the last piece is the beginning of, if more may be added to it. */
  #block: Buffer | undefined;
  /** How much of the first piece is gone. */
  offset = 0;

  get isEmpty(): boolean {
    return this.#head === this.#pieces.length;
  }

  /** The first piece; `offset` says from where on it waits. */
  get first(): Uint8Array | undefined {
    return this.#pieces[this.#head];
  }

  /** Whether nothing waits behind the first piece. */
  get isFirstLast(): boolean {
    return this.#head === this.#pieces.length - 1;
  }

  /** Add data from `from` on. Data that is large must not change afterwards. */
  push(data: Uint8Array, from: number) {
    const bytes = data.length - from;
    if (bytes < LARGE_PIECE_BYTES) return this.#gather(data, from);
    this.#block = undefined;
    const view = from === 0 ? data : data.subarray(from);
    const isPart = bytes < data.buffer.byteLength * LEAST_SHARE;
    this.#pieces.push(isPart ? copyOf(view) : view);
  }

  /** The first piece has left up to `offset`. */
  advance(offset: number): void {
    this.offset = offset;
    if (offset < (this.first?.length ?? 0)) return;
    this.offset = 0;
    this.#pieces[this.#head++] = EMPTY;
    if (!this.isEmpty) return;
    this.#pieces = [];
    this.#head = 0;
    this.#block = undefined;
  }

  #gather(data: Uint8Array, from: number): void {
    const bytes = data.length - from;
    const last = this.#pieces.length - 1;
    const filled = this.#pieces[last]?.length ?? 0;
    if (this.#block !== undefined && filled + bytes <= this.#block.length) {
      this.#block.set(from === 0 ? data : data.subarray(from), filled);
      this.#pieces[last] = this.#block.subarray(0, filled + bytes);
      return;
    }
    const size = this.isEmpty ? FIRST_BLOCK_BYTES : BLOCK_BYTES;
    // Not from Node's pool: that is a large chunk as well.
    this.#block = Buffer.allocUnsafeSlow(Math.max(size, bytes));
    this.#block.set(from === 0 ? data : data.subarray(from));
    this.#pieces.push(this.#block.subarray(0, bytes));
  }
}

function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

const EMPTY = new Uint8Array(0);
