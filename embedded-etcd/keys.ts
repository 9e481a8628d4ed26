// Keys and ranges of keys, as etcd orders and delimits them.
//
// A key is any sequence of bytes. It is held as a string with one character
// per byte, because then `<` and `===` mean the order and the equality of the
// bytes, and a key can index a Map.

/**
 * A key: one character (U+0000 to U+00FF) per byte.
 */
export type Key = string;

/**
 * The keys from `from` up to, but without, `to`. No `to`: no upper bound.
 */
export interface KeyRange {
  readonly from: Key;
  readonly to: Key | undefined;
}

/**
 * Convert the bytes of a message to a key.
 */
export function toKey(bytes: Uint8Array): Key {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    "latin1",
  );
}

/**
 * Convert a key to the bytes of a message.
 */
export function fromKey(key: Key): Uint8Array {
  return Uint8Array.from(Buffer.from(key, "latin1"));
}

/**
 * Resolve `key` and `range_end` of a request: no end means the one key, the
 * end "\0" means every key from `key` on.
 */
export function toKeyRange(key: Uint8Array, rangeEnd: Uint8Array): KeyRange {
  const from = toKey(key);
  if (rangeEnd.length === 0) return { from, to: successor(from) };
  const to = toKey(rangeEnd);
  return { from, to: to === "\0" ? undefined : to };
}

/**
 * The smallest key that is greater than the given one.
 */
export function successor(key: Key): Key {
  return `${key}\0`;
}

/**
 * Tell whether a key is in a range.
 */
export function isInRange(key: Key, range: KeyRange): boolean {
  return key >= range.from && (range.to === undefined || key < range.to);
}
