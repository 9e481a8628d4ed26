// Buffers that output is gathered in, and bodies wait in. All connections share
// them: a connection has one only while it has something to say.

/** Room for some hundred small frames, or the body of the largest one. */
export const SLAB_BYTES = 16 << 10;

/** How many unused slabs are kept: 8 MiB. */
const MAX_FREE = 512;

const free: Buffer[] = [];

/** Take a slab. Its content is whatever it was used for before. */
export function takeSlab(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
}

/** Give a slab back whose bytes nobody will read any more. */
export function giveSlab(slab: Buffer): void {
  if (free.length < MAX_FREE) free.push(slab);
}
