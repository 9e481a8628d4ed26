// The engine's end of a byte stream that has no socket behind it: what the
// engine writes goes to a function, what it reads is pushed in. Thousands of
// connections a second come and go this way.

import { Duplex } from "node:stream";

/** How a peer leaves. */
export type Farewell = "end" | "destroy" | "error";

/** A byte stream whose other end is the test itself. */
export class MemorySocket extends Duplex {
  readonly #onBytes: (bytes: Buffer) => void;
  #isReading = true;
  #waiting: (() => void) | undefined;

  constructor(onBytes: (bytes: Buffer) => void) {
    super();
    this.#onBytes = onBytes;
  }

  /** Hand the engine some bytes. */
  deliver(bytes: Buffer) {
    if (!this.destroyed && !this.readableEnded) this.push(bytes);
  }

  /** Whether the peer takes what the engine writes. */
  setReading(isReading: boolean) {
    this.#isReading = isReading;
    const waiting = this.#waiting;
    if (!isReading || waiting === undefined) return;
    this.#waiting = undefined;
    waiting();
  }

  /** The peer leaves, politely or not. */
  leave(farewell: Farewell) {
    if (this.destroyed) return;
    if (farewell === "end") this.push(null);
    else if (farewell === "destroy") this.destroy();
    else this.destroy(new Error("the line was cut"));
  }

  override _read() {}

  override _write(chunk: Buffer, _encoding: string, done: () => void) {
    this.#onBytes(chunk);
    if (this.#isReading) done();
    else this.#waiting = done;
  }

  override _final(done: () => void) {
    done();
  }
}
