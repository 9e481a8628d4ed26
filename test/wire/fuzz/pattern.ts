// Bodies whose every byte tells which stream and which place it belongs to, so
// that a byte that is lost, doubled, or out of order is found at once.

/** A prime: no frame or slab size is a multiple of it. */
const PERIOD = 251;

/** The longest piece. */
export const MAX_PIECE_BYTES = 1 << 20;

const pattern = Buffer.allocUnsafe(MAX_PIECE_BYTES + PERIOD);
for (let i = 0; i < pattern.length; i++) pattern[i] = (i % PERIOD) ^ 0x5a;

/** The bytes of a stream's body from `offset` on. Not to be modified. */
export function bodyPiece(
  streamId: number,
  offset: number,
  length: number,
): Buffer {
  const from = (streamId * 31 + offset) % PERIOD;
  return pattern.subarray(from, from + length);
}

/** Whether these are the bytes of a stream's body from `offset` on. */
export function isBodyPiece(
  streamId: number,
  offset: number,
  bytes: Buffer,
): boolean {
  return bodyPiece(streamId, offset, bytes.length).equals(bytes);
}
