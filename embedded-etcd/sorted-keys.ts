// A sorted set of keys: an array and binary search.
//
// Adding a new key moves the tail of the array, which for the ten thousands of
// keys of a development registry costs less than a tree would.

import { isInRange, type Key, type KeyRange } from "./keys.ts";

/**
 * Keys in the order of their bytes.
 */
export class SortedKeys {
  readonly #keys: Key[] = [];

  /** Add a key that is not there yet. */
  add(key: Key): void {
    this.#keys.splice(this.#lowerBound(key), 0, key);
  }

  /** Remove a key that is there. */
  delete(key: Key): void {
    this.#keys.splice(this.#lowerBound(key), 1);
  }

  /** The keys of a range, in order. */
  *in(range: KeyRange): Generator<Key> {
    for (let i = this.#lowerBound(range.from); ; i++) {
      const key = this.#keys[i];
      if (key === undefined || !isInRange(key, range)) return;
      yield key;
    }
  }

  /** The index of the first key that is not less. */
  #lowerBound(key: Key): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? "") < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
