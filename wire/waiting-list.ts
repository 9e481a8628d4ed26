// Streams that wait for their connection, first come, first served. A linked
// list through the streams themselves: joining and leaving cost nothing, and
// leave nothing behind (see stream-table.ts for what a Set would).

import type { Stream } from "./stream.ts";

/**
 * A queue of streams. A stream is in at most one.
 */
export class WaitingList {
  #first: Stream | undefined;
  #last: Stream | undefined;

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** Add a stream at the end, unless it is in. */
  add(stream: Stream): void {
    if (stream.isWaiting) return;
    stream.isWaiting = true;
    stream.waitsBehind = this.#last;
    if (this.#last === undefined) this.#first = stream;
    else this.#last.waitsBefore = stream;
    this.#last = stream;
  }

  /** Take the first one. */
  shift(): Stream | undefined {
    const first = this.#first;
    if (first !== undefined) this.delete(first);
    return first;
  }

  /** Take a stream out, if it is in. */
  delete(stream: Stream): void {
    if (!stream.isWaiting) return;
    const { waitsBehind, waitsBefore } = stream;
    if (waitsBehind === undefined) this.#first = waitsBefore;
    else waitsBehind.waitsBefore = waitsBefore;
    if (waitsBefore === undefined) this.#last = waitsBehind;
    else waitsBefore.waitsBehind = waitsBehind;
    stream.isWaiting = false;
    stream.waitsBehind = undefined;
    stream.waitsBefore = undefined;
  }
}
