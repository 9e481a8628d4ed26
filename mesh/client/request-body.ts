// What a request's body is: bytes that are there, or what the caller produces
// bit by bit, no faster than the instance takes it.

import type { Stream } from "../../wire/index.ts";
import { whenConnected } from "../upstream/index.ts";

/**
 * The body of one call, which may go to several instances in turn.
 */
export interface RequestBody {
  /** It could be sent to another instance from its beginning on. */
  readonly isRepeatable: boolean;

  /** Send it on a stream, whose predecessor is closed. */
  start(stream: Stream): void;

  /** Something of what waited has left. */
  onSent(stream: Stream): void;

  /** The stream has closed. */
  onClose(): void;
}

/**
 * All bytes of a body, as one.
 */
export async function collect(
  body: AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  const [only] = pieces;
  return pieces.length === 1 && only ? only : Buffer.concat(pieces);
}

/**
 * Create a body of bytes that are there.
 */
export function createBytesBody(bytes: Uint8Array): RequestBody {
  return {
    isRepeatable: true,
    start(stream) {
      stream.write(bytes, true);
    },
    onSent() {},
    onClose() {},
  };
}

/**
 * A body that the caller produces. Nothing is asked of the caller before there
 * is a connection; what was asked for and has not come is not lost.
 */
export class ProducedBody implements RequestBody {
  isRepeatable = true;
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #onError: (error: unknown) => void;
  #next: Promise<IteratorResult<Uint8Array>> | undefined;
  #onSent: (() => void) | undefined;

  /** `onError` is told what the caller throws. */
  constructor(
    pieces: AsyncIterable<Uint8Array>,
    onError: (error: unknown) => void,
  ) {
    this.#pieces = pieces[Symbol.asyncIterator]();
    this.#onError = onError;
  }

  start(stream: Stream): void {
    whenConnected(stream, () => {
      this.#send(stream).catch((error) => {
        if (!stream.closed) this.#onError(error);
      });
    });
  }

  async #send(stream: Stream): Promise<void> {
    while (!stream.closed) {
      this.#next ??= this.#pieces.next();
      const { done, value } = await this.#next;
      // The next attempt goes on with it.
      if (stream.closed) return;
      if (done === true) return stream.end();
      this.#next = undefined;
      this.isRepeatable = false;
      if (!stream.write(value)) await this.#sent();
    }
  }

  #sent(): Promise<void> {
    return new Promise((resolve) => {
      this.#onSent = resolve;
    });
  }

  onSent(stream: Stream): void {
    if (stream.queuedBytes === 0) this.onClose();
  }

  onClose(): void {
    this.#onSent?.();
    this.#onSent = undefined;
  }
}
