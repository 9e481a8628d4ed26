// Follows the 5-byte envelopes of gRPC-Web and Connect streams through a body
// that is relayed unparsed, only to know whether it stands at a boundary: an
// end-of-stream envelope may be appended there and nowhere else.

/** The envelope's flags and length. */
const PREFIX_BYTES = 5;

/**
 * Knows where in a sequence of enveloped messages a body stands.
 */
export interface EnvelopeTracker {
  /** Take note of the next bytes of the body. */
  push(chunk: Uint8Array): void;
  /** Whether the bytes so far end with a complete message. */
  readonly atBoundary: boolean;
}

/**
 * Create a tracker for a body that begins now. Not for base64 (`-text`).
 */
export function createEnvelopeTracker(): EnvelopeTracker {
  let prefixBytes = 0;
  let length = 0;
  let remaining = 0;
  return {
    push(chunk) {
      let at = 0;
      while (at < chunk.length) {
        if (remaining > 0) {
          const step = Math.min(remaining, chunk.length - at);
          remaining -= step;
          at += step;
          continue;
        }
        // The first byte holds flags; the others a big-endian length.
        const byte = chunk[at++] ?? 0;
        length = prefixBytes === 0 ? 0 : length * 256 + byte;
        prefixBytes++;
        if (prefixBytes === PREFIX_BYTES) {
          prefixBytes = 0;
          remaining = length;
        }
      }
    },
    get atBoundary() {
      return prefixBytes === 0 && remaining === 0;
    },
  };
}
