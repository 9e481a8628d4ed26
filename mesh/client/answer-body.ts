// The body of an answer, for whoever reads it piece by piece. What isn't read
// keeps the instance from sending more, by the stream's window.

import type { Stream } from "../../wire/index.ts";

type Result = IteratorResult<Uint8Array, undefined>;

interface Reader {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

const END: Result = { done: true, value: undefined };

/**
 * A body, to be read once, by one reader that waits for one piece at a time.
 */
export class AnswerBody
  implements AsyncIterableIterator<Uint8Array, undefined>
{
  readonly #stream: Stream;
  readonly #onDrop: (reason: unknown) => void;
  #pieces: Uint8Array[] = [];
  #error: { readonly reason: unknown } | undefined;
  #hasEnded = false;
  #reader: Reader | undefined;

  /** `onDrop` is told that its reader wants no more of it. */
  constructor(stream: Stream, onDrop: (reason: unknown) => void) {
    this.#stream = stream;
    this.#onDrop = onDrop;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    const value = this.#pieces.shift();
    if (value !== undefined) {
      this.#stream.consume(value.length);
      return Promise.resolve({ done: false, value });
    }
    if (this.#error !== undefined) return Promise.reject(this.#error.reason);
    if (this.#hasEnded) return Promise.resolve(END);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  async throw(reason: unknown): Promise<Result> {
    this.#drop(reason);
    throw reason;
  }

  async return(): Promise<Result> {
    this.#drop(undefined);
    return END;
  }

  /** Add a piece that stays as it is. */
  push(piece: Uint8Array): void {
    const reader = this.#reader;
    if (reader === undefined) this.#pieces.push(piece);
    else {
      this.#reader = undefined;
      this.#stream.consume(piece.length);
      reader.resolve({ done: false, value: piece });
    }
  }

  /** There is no more. */
  end(): void {
    this.#hasEnded = true;
    this.#reader?.resolve(END);
    this.#reader = undefined;
  }

  /** There is no more, because of that. What came before may be read. */
  fail(reason: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#error = { reason };
    this.#reader?.reject(reason);
    this.#reader = undefined;
  }

  #drop(reason: unknown): void {
    if (!this.#hasEnded) this.#onDrop(reason);
    this.#pieces = [];
    this.end();
  }
}
