// A request's body as its reader takes it: piece by piece, and no faster. The
// caller may send more only when the reader asks for more, so what waits here
// is bounded by the stream's window.

import { keepBytes, type ServerStream } from "../wire/index.ts";

/**
 * Pieces that wait are put together up to this size, in bytes: a million pieces
 * of one byte would cost a hundred times their size.
 */
const MERGED_BYTES = 1_024;

/** What gives the caller leave to send more. */
type Source = Pick<ServerStream, "consume">;

type Piece = IteratorResult<Uint8Array, undefined>;

const OVER: Piece = { done: true, value: undefined };

/**
 * The body of one request, for one reader who asks for one piece at a time.
 */
export class RequestBody
  implements AsyncIterableIterator<Uint8Array, undefined>
{
  readonly #source: Source;
  #queue: Buffer[] = [];
  /** So much of what comes first was consumed already. */
  #consumedBytes = 0;
  /** What the reader got last; dealt with when it asks for more. */
  #lentBytes = 0;
  #reader: PromiseWithResolvers<Piece> | undefined;
  #isComplete = false;
  /** Nobody wants any more of it. */
  #isUnwanted = false;
  #failure: Error | undefined;

  /** `begin` has come and was consumed. It is copied. */
  constructor(source: Source, begin?: Buffer) {
    this.#source = source;
    if (begin === undefined || begin.length === 0) return;
    this.#queue.push(Buffer.from(begin));
    this.#consumedBytes = begin.length;
  }

  /** A piece came. */
  push(data: Buffer): void {
    if (data.length === 0) return;
    if (this.#isUnwanted) {
      this.#source.consume(data.length);
      return;
    }
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve(this.#lend(keepBytes(data)));
      return;
    }
    const queue = this.#queue;
    const last = queue.at(-1);
    if (last !== undefined && last.length + data.length <= MERGED_BYTES)
      queue[queue.length - 1] = join(last, data);
    else queue.push(keepBytes(data));
  }

  /** That was all. */
  complete(): void {
    this.#isComplete = true;
    this.#wake();
  }

  /** The rest will never come; what came already is worth nothing. */
  fail(reason: Error): void {
    this.#queue = [];
    this.#failure = reason;
    this.#reader?.reject(reason);
    this.#reader = undefined;
  }

  /** Drop what is here, and what still comes. */
  discard(): void {
    this.#isUnwanted = true;
    for (const piece of this.#queue) this.#lentBytes += piece.length;
    this.#queue = [];
    this.#settle();
    this.#wake();
  }

  next(): Promise<Piece> {
    this.#settle();
    const piece = this.#queue.shift();
    if (piece !== undefined) return Promise.resolve(this.#lend(piece));
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#isComplete || this.#isUnwanted) return Promise.resolve(OVER);
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }

  return(): Promise<Piece> {
    this.discard();
    return Promise.resolve(OVER);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #lend(piece: Buffer): Piece {
    this.#lentBytes = piece.length;
    return { done: false, value: piece };
  }

  /** The reader has dealt with what it got. */
  #settle(): void {
    const paid = Math.min(this.#lentBytes, this.#consumedBytes);
    const bytes = this.#lentBytes - paid;
    this.#consumedBytes -= paid;
    this.#lentBytes = 0;
    if (bytes > 0) this.#source.consume(bytes);
  }

  #wake(): void {
    this.#reader?.resolve(OVER);
    this.#reader = undefined;
  }
}

/** Not Buffer.concat(): its small results are parts of a large chunk as well. */
function join(first: Buffer, second: Buffer): Buffer {
  const joined = Buffer.allocUnsafeSlow(first.length + second.length);
  joined.set(first, 0);
  joined.set(second, first.length);
  return joined;
}
