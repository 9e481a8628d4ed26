// Two ends of a byte stream in memory. What one writes the other reads in a
// later turn, and a writer waits while the reader's buffer is full, as with
// sockets, but without the system's large buffers in between.

import { Duplex } from "node:stream";

/** One of the two ends. */
class End extends Duplex {
  other: End | undefined;
  #resume: (() => void) | undefined;

  override _read() {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void) {
    setImmediate(() => this.other?.receive(chunk, done));
  }

  override _final(done: () => void) {
    this.other?.push(null);
    done();
  }

  /** Take what the peer wrote; it may go on when there is room. */
  receive(chunk: Buffer, done: () => void) {
    if (this.destroyed || this.push(chunk)) done();
    else this.#resume = done;
  }
}

/** Create two connected ends. */
export function createMemoryPair(): [Duplex, Duplex] {
  const left = new End();
  const right = new End();
  left.other = right;
  right.other = left;
  return [left, right];
}
