// The dynamic table of RFC 7541, 2.3.2 and 4: fields that were sent before,
// the newest first, bounded in bytes. Decoders and encoders use the same.
//
// A ring that is made at the first insertion and grows: ten thousand idle
// connections have two such tables each.

import type { HeaderField } from "./header-field.ts";

/** The size both sides start with. RFC 9113, 6.5.2. */
export const DEFAULT_TABLE_BYTES = 4_096;

const FIRST_CAPACITY = 8;

/** A dynamic table. */
export class DynamicTable {
  /** How many entries it has. */
  count = 0;
  /** Sum of the entries' sizes. */
  bytes = 0;
  /** What `bytes` may not exceed; change it with resize(). */
  maxBytes: number;
  /** How many fields were ever inserted: the number of the newest. */
  insertions = 0;

  #ring: (HeaderField | undefined)[] | undefined = undefined;
  #mask = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** The field that is `age` insertions old; 0 is the newest. */
  get(age: number): HeaderField | undefined {
    if (age >= this.count || this.#ring === undefined) return undefined;
    return this.#ring[(this.insertions - age) & this.#mask];
  }

  /** Insert, and evict what no longer fits: all if `field` itself doesn't. */
  insert(field: HeaderField): void {
    this.#evictDownTo(this.maxBytes - field.size);
    if (field.size > this.maxBytes) return;
    if (this.#ring === undefined || this.count > this.#mask) this.#grow();
    this.insertions++;
    this.count++;
    this.bytes += field.size;
    (this.#ring as HeaderField[])[this.insertions & this.#mask] = field;
  }

  /** Change `maxBytes`, and evict what no longer fits. */
  resize(maxBytes: number): void {
    this.maxBytes = maxBytes;
    this.#evictDownTo(maxBytes);
  }

  /** Evict all: what inserting a field larger than the table comes to. */
  clear(): void {
    this.#evictDownTo(0);
  }

  #evictDownTo(bytes: number): void {
    const ring = this.#ring;
    if (ring === undefined) return;
    while (this.bytes > bytes && this.count > 0) {
      const at = (this.insertions - this.count + 1) & this.#mask;
      this.bytes -= (ring[at] as HeaderField).size;
      ring[at] = undefined;
      this.count--;
    }
  }

  #grow(): void {
    const capacity =
      this.#ring === undefined ? FIRST_CAPACITY : (this.#mask + 1) * 2;
    const ring: (HeaderField | undefined)[] = [];
    for (let i = 0; i < capacity; i++) ring.push(undefined);
    for (let age = 0; age < this.count; age++) {
      ring[(this.insertions - age) & (capacity - 1)] = this.get(age);
    }
    this.#ring = ring;
    this.#mask = capacity - 1;
  }
}
