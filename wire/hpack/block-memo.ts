// Remembers which header block some bytes were decoded to.
//
// Good for one state of the decoder's dynamic table: the decoder clears it at
// every change. Blocks are found by a hash of their bytes, which are compared
// in full; two blocks of one hash displace each other. Nothing is allocated
// before the first block is stored, and all that is stored is bounded.

import type { HeaderBlock } from "../header-block.ts";

/** Blocks with more bytes are not remembered. */
export const MAX_MEMO_BLOCK_BYTES = 1_024;
/** When there are so many blocks, all are forgotten. */
export const MAX_MEMO_BLOCKS = 128;

const FIRST_KEY_BYTES = 256;
const MAX_KEY_BYTES = 16_384;

interface Entry {
  /** Where its bytes begin in `keys`, and how many they are. */
  readonly start: number;
  readonly length: number;
  readonly block: HeaderBlock;
}

/** A map from the bytes of header blocks to the blocks. */
export class BlockMemo {
  #entries: Map<number, Entry> | undefined = undefined;
  #keys: Buffer | undefined = undefined;
  #keyBytes = 0;

  get count(): number {
    return this.#entries === undefined ? 0 : this.#entries.size;
  }

  /** How much memory the blocks' bytes take. */
  get bytes(): number {
    return this.#keys === undefined ? 0 : this.#keys.length;
  }

  find(bytes: Buffer, start: number, end: number): HeaderBlock | undefined {
    if (this.#entries === undefined || this.#entries.size === 0)
      return undefined;
    if (end - start > MAX_MEMO_BLOCK_BYTES) return undefined;
    const entry = this.#entries.get(hashBytes(bytes, start, end));
    const keys = this.#keys;
    if (entry === undefined || keys === undefined) return undefined;
    if (entry.length !== end - start) return undefined;
    const offset = entry.start - start;
    for (let i = start; i < end; i++) {
      if (bytes[i] !== keys[i + offset]) return undefined;
    }
    return entry.block;
  }

  store(bytes: Buffer, start: number, end: number, block: HeaderBlock): void {
    const length = end - start;
    if (length > MAX_MEMO_BLOCK_BYTES) return;
    if (this.count >= MAX_MEMO_BLOCKS) this.clear();
    if (this.#keyBytes + length > MAX_KEY_BYTES) this.clear();
    const keys = this.#reserve(length);
    bytes.copy(keys, this.#keyBytes, start, end);
    this.#entries ??= new Map();
    this.#entries.set(hashBytes(bytes, start, end), {
      start: this.#keyBytes,
      length,
      block,
    });
    this.#keyBytes += length;
  }

  clear(): void {
    if (this.#entries === undefined || this.#entries.size === 0) return;
    this.#entries.clear();
    this.#keyBytes = 0;
  }

  #reserve(length: number): Buffer {
    const needed = this.#keyBytes + length;
    if (this.#keys !== undefined && this.#keys.length >= needed)
      return this.#keys;
    let capacity =
      this.#keys === undefined ? FIRST_KEY_BYTES : this.#keys.length;
    while (capacity < needed) capacity *= 2;
    const keys = Buffer.allocUnsafeSlow(capacity);
    this.#keys?.copy(keys, 0, 0, this.#keyBytes);
    this.#keys = keys;
    return keys;
  }
}

/**
 * 30 bits of hash. Four bytes a step: a multiplication per byte would be half
 * the cost.
 *
 * @internal
 */
export function hashBytes(bytes: Buffer, start: number, end: number): number {
  let hash = end - start;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    const word =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    hash = Math.imul(hash ^ word, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; i < end; i++) {
    hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  }
  // V8 keeps such an integer without allocating.
  return (hash ^ (hash >>> 13)) & 0x3fffffff;
}
