// A byte stream that isn't a socket, and takes what is written when the test
// says so. Keeps what it was given as it was given: not a copy.

import { Duplex } from "node:stream";

/** The end that an Output writes to. */
export class WrittenStream extends Duplex {
  /** All chunks that came, in their order. */
  readonly chunks: Buffer[] = [];
  /** Chunks wait for takeChunk(); by default they are taken at once. */
  isSlow = false;
  isFinished = false;
  #take: (() => void) | undefined;

  /** Whether a chunk waits to be taken. */
  get isWaiting(): boolean {
    return this.#take !== undefined;
  }

  /** Everything that came. */
  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** Take the chunk that waits. */
  takeChunk() {
    const take = this.#take;
    this.#take = undefined;
    take?.();
  }

  override _read() {}

  override _write(chunk: Buffer, _encoding: string, done: () => void) {
    this.chunks.push(chunk);
    if (this.isSlow) this.#take = done;
    else done();
  }

  override _final(done: () => void) {
    this.isFinished = true;
    done();
  }
}
