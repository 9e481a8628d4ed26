// One envelope, put together from pieces.

import { ENVELOPE_BYTES } from "./answers.ts";
import { reservedBytes } from "./reserved-bytes.ts";

/**
 * Takes the bytes of an envelope, and no more.
 */
export class EnvelopeBuffer {
  readonly #header = Buffer.alloc(ENVELOPE_BYTES);
  #headerBytes = 0;
  /** Room for the message, as far as it was made. */
  #data: Buffer | undefined;
  #dataBytes = 0;
  /** How long the message is, as far as that is known. */
  length = 0;

  get isComplete(): boolean {
    return (
      this.#headerBytes === ENVELOPE_BYTES && this.#dataBytes === this.length
    );
  }

  /** Something of its header or its message has come, and not all. */
  get isCut(): boolean {
    return this.#headerBytes === ENVELOPE_BYTES
      ? this.#dataBytes > 0 && !this.isComplete
      : this.#headerBytes > 0;
  }

  /** Take what belongs to it. Returns how much that was. */
  add(bytes: Buffer): number {
    const missing = ENVELOPE_BYTES - this.#headerBytes;
    const at = Math.min(missing, bytes.length);
    bytes.copy(this.#header, this.#headerBytes, 0, at);
    this.#headerBytes += at;
    if (this.#headerBytes < ENVELOPE_BYTES) return at;
    if (missing > 0) this.length = this.#header.readUInt32BE(1);
    const step = Math.min(this.length - this.#dataBytes, bytes.length - at);
    if (step > 0) this.#append(bytes.subarray(at, at + step));
    return at + step;
  }

  /** Take it out, and begin the next one. */
  take(): { readonly flags: number; readonly data: Uint8Array } {
    const flags = this.#header[0] as number;
    // As large as the message by now, and nobody else's memory. Applications
    // get bytes of it: no Buffer, which behaves differently.
    const data = new Uint8Array(this.#data?.buffer ?? new ArrayBuffer(0));
    this.clear();
    return { flags, data };
  }

  clear(): void {
    this.#headerBytes = 0;
    this.#data = undefined;
    this.#dataBytes = 0;
    this.length = 0;
  }

  #append(bytes: Buffer): void {
    const needed = this.#dataBytes + bytes.length;
    if (this.#data === undefined || needed > this.#data.length) {
      const grown = Buffer.allocUnsafeSlow(reservedBytes(needed, this.length));
      if (this.#data !== undefined) grown.set(this.#data);
      this.#data = grown;
    }
    this.#data.set(bytes, this.#dataBytes);
    this.#dataBytes = needed;
  }
}
