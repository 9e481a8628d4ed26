// How much room is made for what was announced.

/** So many times what has come: the rest may never come. */
const FACTOR = 4;

/** Not worth to begin smaller. */
const LEAST_BYTES = 4_096;

/**
 * How much room to make when `needed` bytes are to have some, of `announced`
 * in all: no more than is announced, and no less than is needed.
 */
export function reservedBytes(needed: number, announced: number): number {
  const worthwhile = Math.max(FACTOR * needed, LEAST_BYTES);
  return Math.max(needed, Math.min(worthwhile, announced));
}
