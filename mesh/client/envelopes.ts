// Cuts a body into gRPC's envelopes: a byte of flags, the length in four, the
// message. Messages are copied: what a handler gets is overwritten soon.

import { Code, ConnectError } from "@connectrpc/connect";

const PREFIX_BYTES = 5;

/**
 * Put a message into an envelope, uncompressed.
 */
export function wrapMessage(message: Uint8Array): Uint8Array {
  const { length } = message;
  const bytes = new Uint8Array(PREFIX_BYTES + length);
  bytes[1] = length >>> 24;
  bytes[2] = length >>> 16;
  bytes[3] = length >>> 8;
  bytes[4] = length;
  bytes.set(message, PREFIX_BYTES);
  return bytes;
}

/**
 * Reads one body.
 */
export class EnvelopeReader {
  readonly #maxBytes: number;
  readonly #onMessage: (flags: number, message: Uint8Array) => void;
  readonly #prefix = new Uint8Array(PREFIX_BYTES);
  #prefixFilled = 0;
  #message: Uint8Array | undefined = undefined;
  #messageFilled = 0;

  /** Tells `onMessage` of each message as soon as all of it is there. */
  constructor(
    maxBytes: number,
    onMessage: (flags: number, message: Uint8Array) => void,
  ) {
    this.#maxBytes = maxBytes;
    this.#onMessage = onMessage;
  }

  /**
   * Whether something of an envelope came and the rest did not. As in Connect,
   * a prefix alone is nothing.
   */
  get isAmid(): boolean {
    return this.#message === undefined
      ? this.#prefixFilled > 0
      : this.#messageFilled > 0;
  }

  /** Throws `resource_exhausted` if a message is longer than allowed. */
  push(data: Uint8Array): void {
    let at = 0;
    while (at < data.length) {
      if (this.#message === undefined) at = this.#readPrefix(data, at);
      if (this.#message !== undefined) at = this.#readMessage(data, at);
    }
  }

  #readPrefix(data: Uint8Array, from: number): number {
    const step = Math.min(
      PREFIX_BYTES - this.#prefixFilled,
      data.length - from,
    );
    this.#prefix.set(data.subarray(from, from + step), this.#prefixFilled);
    this.#prefixFilled += step;
    if (this.#prefixFilled === PREFIX_BYTES) {
      const length = lengthOf(this.#prefix);
      checkLength(length, this.#maxBytes);
      this.#message = new Uint8Array(length);
    }
    return from + step;
  }

  #readMessage(data: Uint8Array, from: number): number {
    const message = this.#message as Uint8Array;
    const step = Math.min(
      message.length - this.#messageFilled,
      data.length - from,
    );
    message.set(data.subarray(from, from + step), this.#messageFilled);
    this.#messageFilled += step;
    if (this.#messageFilled === message.length) {
      this.#message = undefined;
      this.#messageFilled = 0;
      this.#prefixFilled = 0;
      this.#onMessage(this.#prefix[0] as number, message);
    }
    return from + step;
  }
}

/**
 * The message, if data is one whole envelope that isn't compressed; undefined
 * otherwise. Throws `resource_exhausted` if it is longer than allowed.
 */
export function unwrapWhole(
  data: Uint8Array,
  maxBytes: number,
): Uint8Array | undefined {
  if (data.length < PREFIX_BYTES || data[0] !== 0) return undefined;
  const length = lengthOf(data);
  if (data.length !== PREFIX_BYTES + length) return undefined;
  checkLength(length, maxBytes);
  const message = new Uint8Array(length);
  // For a few bytes, a loop takes less time than subarray() and set().
  if (length > 64) message.set(data.subarray(PREFIX_BYTES));
  else
    for (let i = 0; i < length; i++)
      message[i] = data[PREFIX_BYTES + i] as number;
  return message;
}

function lengthOf(prefix: Uint8Array): number {
  const low =
    ((prefix[2] as number) << 16) |
    ((prefix[3] as number) << 8) |
    (prefix[4] as number);
  return (prefix[1] as number) * 0x1000000 + low;
}

function checkLength(length: number, maxBytes: number): void {
  if (length <= maxBytes) return;
  throw new ConnectError(
    `message size ${length} is larger than configured readMaxBytes ${maxBytes}`,
    Code.ResourceExhausted,
  );
}
