// How much the peer may send: a window for each stream's body, and one for all
// of them together. RFC 9113, section 5.2.
//
// A stream's window is credited when its receiver has consumed the bytes, the
// connection's on receipt: otherwise one slow receiver would hold up everybody
// who shares the connection. What is kept in memory is bounded by the streams'
// windows.

import { DEFAULT_WINDOW_BYTES } from "./frame.ts";
import type { Limits } from "./limits.ts";
import type { Stream } from "./stream.ts";

/** Whose windows they are. */
export interface WindowsOwner {
  /** Tell the peer; stream 0 is the connection. */
  sendWindowUpdate(streamId: number, bytes: number): void;
}

/**
 * The receiving windows of one connection.
 */
export class ReceiveWindows {
  /** How much of all bodies together the peer may send. */
  connectionBytes = DEFAULT_WINDOW_BYTES;
  /** What the windows of new streams are. */
  streamBytes: number;
  readonly #limits: Limits;
  readonly #owner: WindowsOwner;
  #creditBytes = 0;

  constructor(limits: Limits, owner: WindowsOwner) {
    this.#limits = limits;
    this.#owner = owner;
    // Until the peer has read our settings, it goes by the default.
    this.streamBytes = Math.max(limits.streamWindowBytes, DEFAULT_WINDOW_BYTES);
  }

  /** Our settings are in force. Returns how much they change streams' windows. */
  applySettings(): number {
    const change = this.#limits.streamWindowBytes - this.streamBytes;
    this.streamBytes += change;
    return change;
  }

  /** Give back what was consumed of a stream's window, half of it at a time. */
  creditStream(stream: Stream): void {
    const bytes = stream.creditBytes;
    if (stream.remoteEnded || bytes * 2 < this.streamBytes) return;
    stream.creditBytes = 0;
    stream.receiveWindow += bytes;
    this.#owner.sendWindowUpdate(stream.id, bytes);
  }

  /** Give back what was received on the connection, half of it at a time. */
  creditConnection(bytes: number): void {
    this.#creditBytes += bytes;
    if (this.#creditBytes * 2 < this.#limits.connectionWindowBytes) return;
    this.growConnection(this.#creditBytes);
    this.#creditBytes = 0;
  }

  /** Let the peer send so many bytes more. */
  growConnection(bytes: number): void {
    this.connectionBytes += bytes;
    this.#owner.sendWindowUpdate(0, bytes);
  }
}
