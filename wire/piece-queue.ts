// Pieces of a body that wait to be sent, in order.
//
// Small pieces are put together: a peer who writes byte by byte, or reads in
// drips, must cost no more memory than the bytes, nor time that grows with
// their number, nor a frame for each of them. Large pieces are kept by
// reference, unless they don't stay as they are.

import { isWorthKeeping } from "./shared-reads.ts";
import { SLAB_BYTES, takeSlab } from "./slab-pool.ts";

/** From this size on a piece stays one of its own. */
const LARGE_PIECE_BYTES = 4_096;

/** What is small begins in a small block; slabs follow. */
const FIRST_BLOCK_BYTES = 1_024;

/** From so many pieces that are gone on, their places are given up. */
const COMPACT_FROM = 64;

const EMPTY = new Uint8Array(0);

/**
 * A queue of bytes.
 */
export class PieceQueue {
  #pieces: Uint8Array[] = [];
  /** The block that each piece lies in, if it is ours. */
  #blocks: (Buffer | undefined)[] = [];
  /** Pieces before this one are gone. */
  #head = 0;
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

  /**
   * Add data from `from` on. Data that is large must not change afterwards,
   * unless it is the shared read buffer's.
   */
  push(data: Uint8Array, from: number) {
    const bytes = data.length - from;
    const piece = from === 0 ? data : data.subarray(from);
    if (bytes < LARGE_PIECE_BYTES || !isWorthKeeping(piece))
      return this.#gather(data, from);
    this.#add(piece, undefined);
  }

  /**
   * The first piece has left up to `offset`. Returns the slab that it lay in,
   * if all of it has left: it may be given back to the pool.
   */
  advance(offset: number): Buffer | undefined {
    this.offset = offset;
    if (offset < (this.first?.length ?? 0)) return undefined;
    const block = this.#blocks[this.#head];
    this.offset = 0;
    this.#blocks[this.#head] = undefined;
    this.#pieces[this.#head++] = EMPTY;
    const isMostlyGone =
      this.#head >= COMPACT_FROM && this.#head * 2 > this.#pieces.length;
    if (this.isEmpty || isMostlyGone) {
      this.#pieces = this.#pieces.slice(this.#head);
      this.#blocks = this.#blocks.slice(this.#head);
      this.#head = 0;
    }
    return block?.length === SLAB_BYTES ? block : undefined;
  }

  /** Copy data to where the last piece ends, and to further blocks. */
  #gather(data: Uint8Array, from: number): void {
    let at = from;
    while (at < data.length) {
      const last = this.#pieces.length - 1;
      let block = this.#blocks[last];
      let filled = this.#pieces[last]?.length ?? 0;
      if (block === undefined || filled === block.length) {
        // Not from Node's pool: that is a large chunk as well.
        block =
          this.isEmpty && data.length - at < FIRST_BLOCK_BYTES
            ? Buffer.allocUnsafeSlow(FIRST_BLOCK_BYTES)
            : takeSlab();
        filled = 0;
        this.#add(block.subarray(0, 0), block);
      }
      const step = Math.min(block.length - filled, data.length - at);
      block.set(data.subarray(at, at + step), filled);
      this.#pieces[this.#pieces.length - 1] = block.subarray(0, filled + step);
      at += step;
    }
  }

  #add(piece: Uint8Array, block: Buffer | undefined): void {
    this.#pieces.push(piece);
    this.#blocks.push(block);
  }
}
