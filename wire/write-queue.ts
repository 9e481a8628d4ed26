// What waits to be written to a socket, in order, and the slabs that it lies
// in: each goes back to the pool when the last of its bytes has been written,
// and not a moment earlier, because the next to take it overwrites them.

import { giveSlab } from "./slab-pool.ts";

/**
 * A queue of chunks.
 */
export class WriteQueue {
  #chunks: Uint8Array[] = [];
  /** How many chunks were ever added, taken, and written. */
  #added = 0;
  #taken = 0;
  #written = 0;
  /** Slabs, each with the number of the last chunk that lies in it. */
  #slabs: Buffer[] = [];
  #lastChunks: number[] = [];

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#added++;
  }

  /** Give a slab back once all is written that was added so far. */
  release(slab: Buffer) {
    if (this.#written === this.#added) return giveSlab(slab);
    this.#slabs.push(slab);
    this.#lastChunks.push(this.#added);
  }

  /** Take all chunks, to write them. */
  takeAll(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#taken = this.#added;
    return chunks;
  }

  /** Take chunks of so many bytes at least, if there are so many. */
  takeSome(bytes: number): Uint8Array[] {
    let count = 0;
    let left = bytes;
    while (left > 0 && count < this.#chunks.length)
      left -= (this.#chunks[count++] as Uint8Array).length;
    this.#taken += count;
    return this.#chunks.splice(0, count);
  }

  /** All that was taken has been written. */
  written(): void {
    this.#written = this.#taken;
    const slabs = this.#slabs;
    const lastChunks = this.#lastChunks;
    let count = 0;
    while (
      count < slabs.length &&
      (lastChunks[count] as number) <= this.#written
    )
      giveSlab(slabs[count++] as Buffer);
    if (count === 0) return;
    slabs.splice(0, count);
    lastChunks.splice(0, count);
  }

  /**
   * Forget everything. Slabs are left to the garbage collector: a write that
   * is under way may still read them.
   */
  clear(): void {
    this.#chunks = [];
    this.#slabs = [];
    this.#lastChunks = [];
    this.#taken = this.#added;
  }
}
