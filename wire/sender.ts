// Says what a connection has to say: header blocks and control frames at once,
// bodies as far as the peer's windows and the socket allow. What has to wait
// stays with its stream; streams that wait for the connection take turns, one
// frame each. RFC 9113, section 5.2.

import {
  DEFAULT_WINDOW_BYTES,
  Flag,
  FrameType,
  MAX_FRAME_BYTES,
} from "./frame.ts";
import type { Guard } from "./guard.ts";
import type { HeaderBlock } from "./header-block.ts";
import { HpackEncoder } from "./hpack/encoder.ts";
import type { Limits } from "./limits.ts";
import { type Output, SLOW_WRITE_BYTES } from "./output.ts";
import { PieceQueue } from "./piece-queue.ts";
import type { Stream } from "./stream.ts";
import { WaitingList } from "./waiting-list.ts";

/** Bodies wait while so much is on its way to the socket. */
const SOCKET_HIGH_WATER_BYTES = 256 << 10;

/** Whose sender it is. */
export interface SenderOwner {
  readonly limits: Limits;
  /** Our side of a stream has ended. */
  closeIfEnded(stream: Stream): void;
}

/**
 * The sending side of a connection.
 */
export class Sender {
  readonly encoder: HpackEncoder;
  /** How much of all bodies together the peer takes. */
  window = DEFAULT_WINDOW_BYTES;
  /** What the peer's settings say. */
  initialStreamWindow = DEFAULT_WINDOW_BYTES;

  readonly #output: Output;
  readonly #guard: Guard;
  readonly #owner: SenderOwner;
  readonly #highWaterBytes: number;
  /** Streams that wait for the connection's window or the socket. */
  readonly #waiting = new WaitingList();

  constructor(output: Output, guard: Guard, owner: SenderOwner) {
    this.#output = output;
    this.#guard = guard;
    this.#owner = owner;
    const { limits } = owner;
    this.#highWaterBytes = Math.min(
      SOCKET_HIGH_WATER_BYTES,
      // Bodies alone must never make us stop reading: two peers who do so wait
      // for each other.
      limits.maxQueuedBytes / 2,
    );
    this.encoder = new HpackEncoder({
      maxTableBytes: limits.encoderTableBytes,
    });
  }

  /** Send a header block, in as many frames as it takes. */
  headers(stream: Stream, block: HeaderBlock, endStream: boolean): void {
    const output = this.#output;
    const bytes = this.encoder.encode(block);
    const flags = endStream ? Flag.endStream : 0;
    const max = MAX_FRAME_BYTES;
    this.#guard.messageFramesSent++;
    if (bytes.length <= max) {
      const all = flags | Flag.endHeaders;
      output.frame(bytes.length, FrameType.headers, all, stream.id);
      output.copy(bytes, 0, bytes.length);
    } else {
      for (let at = 0; at < bytes.length; at += max) {
        const end = Math.min(at + max, bytes.length);
        const type = at === 0 ? FrameType.headers : FrameType.continuation;
        const last = end === bytes.length ? Flag.endHeaders : 0;
        output.frame(end - at, type, (at === 0 ? flags : 0) | last, stream.id);
        output.copy(bytes, at, end);
      }
    }
    if (endStream) this.#endSent(stream);
  }

  /** Send a piece of a body. Returns whether all of it is on its way. */
  data(stream: Stream, data: Uint8Array, endStream: boolean): boolean {
    if (endStream) stream.localEnded = true;
    let at = 0;
    if (stream.queuedBytes === 0) {
      at = this.#sendPiece(stream, data, 0, Number.POSITIVE_INFINITY, true);
      if (at === data.length) {
        if (at === 0 && endStream) this.#sendEmptyEnd(stream);
        if (endStream) this.#endSent(stream);
        return true;
      }
    } else if (data.length === 0) {
      return false;
    }
    this.#enqueue(stream, data, at);
    return false;
  }

  /** Say that this was all: now, or after what waits. */
  end(stream: Stream, trailers: HeaderBlock | undefined): void {
    stream.localEnded = true;
    if (stream.queuedBytes > 0) {
      stream.queuedTrailers = trailers;
    } else if (trailers !== undefined) {
      this.headers(stream, trailers, true);
    } else {
      this.#sendEmptyEnd(stream);
      this.#endSent(stream);
    }
  }

  /** The peer takes so many bytes more of this stream. */
  growStream(stream: Stream, bytes: number): void {
    stream.sendWindow += bytes;
    if (stream.queuedBytes > 0 && !stream.isWaiting) {
      this.#sendQueued(stream, Number.POSITIVE_INFINITY);
      this.#waitIfBlocked(stream);
    }
  }

  /** The connection's window grew, or the socket took what it was given. */
  pump(): void {
    while (!this.#waiting.isEmpty && this.#hasRoom()) {
      const stream = this.#waiting.shift();
      if (stream === undefined) return;
      this.#sendQueued(stream, MAX_FRAME_BYTES);
      this.#waitIfBlocked(stream);
    }
  }

  /** Forget what waits: the stream is closed. */
  drop(stream: Stream): void {
    this.#waiting.delete(stream);
    stream.queue = undefined;
    stream.queuedBytes = 0;
    stream.queuedTrailers = undefined;
  }

  #hasRoom(): boolean {
    const output = this.#output;
    if (this.window <= 0) return false;
    if (output.queuedBytes >= this.#highWaterBytes) return false;
    // To a peer who reads slowly, one write ahead of the one under way.
    return (
      !output.isSlow ||
      output.queuedBytes - output.inFlightBytes < SLOW_WRITE_BYTES
    );
  }

  /**
   * Send what is allowed of a piece, `most` bytes at most. Returns where it
   * stopped. The frame that ends the piece ends the stream, if this is the
   * last piece and nothing follows.
   */
  #sendPiece(
    stream: Stream,
    data: Uint8Array,
    from: number,
    most: number,
    isLast: boolean,
  ): number {
    const output = this.#output;
    const stop = Math.min(data.length, from + most);
    let at = from;
    while (at < stop && this.#hasRoom()) {
      const room = Math.min(this.window, stream.sendWindow, MAX_FRAME_BYTES);
      if (room <= 0) break;
      const step = Math.min(room, stop - at);
      const ends =
        isLast &&
        stream.localEnded &&
        stream.queuedTrailers === undefined &&
        at + step === data.length;
      const flags = ends ? Flag.endStream : 0;
      output.frame(step, FrameType.data, flags, stream.id);
      output.push(data, at, at + step);
      this.window -= step;
      stream.sendWindow -= step;
      stream.sentBytes += step;
      this.#guard.messageFramesSent++;
      this.#guard.dataFramesSent++;
      at += step;
    }
    return at;
  }

  #enqueue(stream: Stream, data: Uint8Array, from: number): void {
    stream.queue ??= new PieceQueue();
    const { queue } = stream;
    const isFirst = queue.isEmpty;
    queue.push(data, from);
    stream.queuedBytes += data.length - from;
    if (!isFirst) return;
    stream.stallSinceMs = 0;
    this.#waitIfBlocked(stream);
  }

  /** Send `most` bytes at most of what waits. */
  #sendQueued(stream: Stream, most: number): void {
    const { queue } = stream;
    if (queue === undefined) return;
    let sent = 0;
    while (sent < most && !queue.isEmpty) {
      const piece = queue.first as Uint8Array;
      const from = queue.offset;
      const isLast = queue.isFirstLast;
      const at = this.#sendPiece(stream, piece, from, most - sent, isLast);
      sent += at - from;
      const slab = queue.advance(at);
      if (slab !== undefined) this.#output.release(slab);
      if (at < piece.length) break;
    }
    if (sent === 0) return;
    stream.queuedBytes -= sent;
    const isAll = stream.queuedBytes === 0 && stream.localEnded;
    stream.handler.onSent(stream, sent);
    if (!isAll || stream.closed) return;
    if (stream.queuedTrailers === undefined) this.#endSent(stream);
    else this.headers(stream, stream.queuedTrailers, true);
  }

  /** What waits for its stream's own window is woken by that alone. */
  #waitIfBlocked(stream: Stream): void {
    if (stream.queuedBytes === 0 || stream.sendWindow <= 0) return;
    if (!stream.closed) this.#waiting.add(stream);
  }

  #sendEmptyEnd(stream: Stream): void {
    this.#guard.messageFramesSent++;
    this.#output.frame(0, FrameType.data, Flag.endStream, stream.id);
  }

  #endSent(stream: Stream): void {
    stream.localEnded = true;
    stream.endSent = true;
    this.#owner.closeIfEnded(stream);
  }
}
