// Gathers what a connection says in one turn of the event loop, over all its
// streams, and writes it at once.
//
// A write costs some microseconds, whatever its size; a frame well below one.
// Small frames are copied into a slab, large payloads are passed on by
// reference. Only one write is under way at a time: what is said meanwhile is
// gathered for the next one, densely, however slowly the peer reads.

import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { FRAME_HEADER_BYTES, writeUint32 } from "./frame.ts";
import { isShared } from "./shared-reads.ts";
import { SLAB_BYTES, takeSlab } from "./slab-pool.ts";
import type { WireStats } from "./stats.ts";
import { WriteQueue } from "./write-queue.ts";

/** From this size on a payload is not copied. Copying 4 KiB takes 0.3 us. */
const BY_REFERENCE_BYTES = 4_096;

/** So much is written at a time to a peer who reads slowly. */
export const SLOW_WRITE_BYTES = 64 << 10;

/** Outputs that have something to write at the end of this turn. */
let dirty: Output[] = [];

function flushAll() {
  const outputs = dirty;
  dirty = [];
  for (const output of outputs) output.flushGuarded();
}

/** Whose output it is. */
export interface OutputOwner {
  /** A write was taken. */
  onDrained(): void;
  /** A handler threw. */
  onFault(error: unknown): void;
}

/**
 * The sending side of a connection's socket.
 */
export class Output {
  readonly #socket: Duplex;
  readonly #stats: WireStats;
  readonly #owner: OutputOwner;
  /** A stream that isn't a socket may keep what it is given. */
  readonly #mustCopy: boolean;
  #slab: Buffer | undefined;
  /** The slab's bytes from here on are not among the chunks yet. */
  #start = 0;
  #at = 0;
  readonly #queue = new WriteQueue();
  #isDirty = false;
  #isWriting = false;
  #isEnding = false;
  /** The last write was not taken at once. */
  isSlow = false;
  /** Those of the write under way. */
  inFlightBytes = 0;
  /** Bytes that wait, those of the write under way included. */
  queuedBytes = 0;
  /** Of these, those that were queued before `#mark`. */
  #oldControlFrames = 0;
  /** So many bytes must have been written for them to be gone. */
  #mark = 0;
  /** Control frames that wait for a peer who doesn't read. */
  queuedControlFrames = 0;
  /** Bytes that the system took. */
  bytesWritten = 0;

  constructor(socket: Duplex, stats: WireStats, owner: OutputOwner) {
    this.#socket = socket;
    this.#stats = stats;
    this.#owner = owner;
    this.#mustCopy = !(socket instanceof Socket);
  }

  /** Begin a frame whose payload follows. */
  frame(length: number, type: number, flags: number, streamId: number) {
    const at = this.#reserve(FRAME_HEADER_BYTES);
    const slab = this.#slab as Buffer;
    slab[at] = length >>> 16;
    slab[at + 1] = length >>> 8;
    slab[at + 2] = length;
    slab[at + 3] = type;
    slab[at + 4] = flags;
    writeUint32(slab, at + 5, streamId);
  }

  /** Append 32 bits. */
  uint32(value: number) {
    const at = this.#reserve(4);
    writeUint32(this.#slab as Buffer, at, value);
  }

  /** Append 16 bits. */
  uint16(value: number) {
    const at = this.#reserve(2);
    const slab = this.#slab as Buffer;
    slab[at] = value >>> 8;
    slab[at + 1] = value;
  }

  /** Append bytes that may be overwritten as soon as this returns. */
  copy(bytes: Uint8Array, start: number, end: number) {
    let from = start;
    while (from < end) {
      const at = this.#reserve(1);
      const slab = this.#slab as Buffer;
      const step = Math.min(end - from, SLAB_BYTES - at);
      this.#at = at + step;
      this.#count(step - 1);
      // A loop is faster than a call for what is typical.
      if (step <= 32) {
        for (let i = 0; i < step; i++) slab[at + i] = bytes[from + i] as number;
      } else {
        slab.set(
          step === bytes.length ? bytes : bytes.subarray(from, from + step),
          at,
        );
      }
      from += step;
    }
  }

  /**
   * Append bytes that stay as they are: by reference, if they are many. Those
   * of the shared read buffer don't stay.
   */
  push(bytes: Uint8Array, start: number, end: number) {
    const length = end - start;
    if (length < BY_REFERENCE_BYTES || this.#mustCopy || isShared(bytes))
      return this.copy(bytes, start, end);
    this.#sealSlab();
    this.#queue.add(
      length === bytes.length ? bytes : bytes.subarray(start, end),
    );
    this.#count(length);
  }

  /** Give a slab back to the pool once all is written that was pushed of it. */
  release(slab: Buffer) {
    this.#sealSlab();
    this.#queue.release(slab);
  }

  /** The same, where nobody else would catch what a handler throws. */
  flushGuarded() {
    try {
      this.flush();
    } catch (error) {
      this.#owner.onFault(error);
    }
  }

  /** Write what was gathered, unless a write is under way. */
  flush() {
    this.#isDirty = false;
    if (this.#isWriting) return;
    this.#giveUpSlab();
    const socket = this.#socket;
    if (this.#queue.isEmpty) return;
    if (socket.destroyed || socket.writableEnded) return this.clear();
    this.#isWriting = true;
    this.#stats.socketWrites++;
    this.#write(this.#takeChunks());
    // The system took everything: no need to wait for the callback.
    this.isSlow = socket.writableLength > 0;
    if (this.#isWriting && !this.isSlow) this.#written();
  }

  /**
   * For a peer who reads slowly, a part of what waits: how much of a write it
   * has read nobody tells, only when it has read all.
   */
  #takeChunks(): Uint8Array[] {
    if (!this.isSlow || this.queuedBytes <= SLOW_WRITE_BYTES) {
      this.inFlightBytes = this.queuedBytes;
      return this.#queue.takeAll();
    }
    const chunks = this.#queue.takeSome(SLOW_WRITE_BYTES);
    this.inFlightBytes = 0;
    for (const { length } of chunks) this.inFlightBytes += length;
    return chunks;
  }

  #write(chunks: Uint8Array[]) {
    const socket = this.#socket;
    const last = chunks.length - 1;
    if (last > 0) socket.cork();
    for (let i = 0; i < last; i++)
      socket.write(this.#own(chunks[i] as Uint8Array));
    socket.write(this.#own(chunks[last] as Uint8Array), this.#onWritten);
    if (last > 0) socket.uncork();
  }

  /** Write what was gathered, and end the socket. */
  end() {
    this.#isEnding = true;
    this.flush();
    if (!this.#isWriting) this.#socket.end();
  }

  /** Forget everything: there is nobody to write to. */
  clear() {
    this.#queue.clear();
    this.#slab = undefined;
    this.#start = 0;
    this.#at = 0;
    this.inFlightBytes = 0;
    this.#oldControlFrames = 0;
    this.queuedBytes = 0;
    this.queuedControlFrames = 0;
  }

  readonly #onWritten = (): void => {
    if (!this.#isWriting || this.#socket.writableLength > 0) return;
    try {
      this.#written();
    } catch (error) {
      this.#owner.onFault(error);
    }
  };

  #written() {
    this.#isWriting = false;
    this.#queue.written();
    this.bytesWritten += this.inFlightBytes;
    this.#stats.bytesSent += this.inFlightBytes;
    this.queuedBytes -= this.inFlightBytes;
    this.inFlightBytes = 0;
    this.#forgetControlFrames();
    if (this.queuedBytes > 0 && !this.#isDirty) this.#schedule();
    if (!this.#isEnding) this.#owner.onDrained();
    else if (this.queuedBytes === 0) this.#socket.end();
  }

  /** Which bytes were control frames is not known; when all of them left, is. */
  #forgetControlFrames() {
    if (this.bytesWritten < this.#mark) return;
    if (this.queuedBytes === 0) this.queuedControlFrames = 0;
    else this.queuedControlFrames -= this.#oldControlFrames;
    this.#oldControlFrames = this.queuedControlFrames;
    this.#mark = this.bytesWritten + this.queuedBytes;
  }

  #reserve(bytes: number): number {
    if (this.#slab === undefined) {
      this.#slab = takeSlab();
      this.#start = 0;
      this.#at = 0;
    } else if (this.#at + bytes > SLAB_BYTES) {
      this.#giveUpSlab();
      this.#slab = takeSlab();
      this.#start = 0;
      this.#at = 0;
    }
    const at = this.#at;
    this.#at = at + bytes;
    this.#count(bytes);
    return at;
  }

  #sealSlab() {
    if (this.#slab === undefined || this.#start === this.#at) return;
    this.#queue.add(this.#slab.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }

  #giveUpSlab() {
    this.#sealSlab();
    if (this.#slab !== undefined) this.#queue.release(this.#slab);
    this.#slab = undefined;
  }

  #count(bytes: number) {
    this.queuedBytes += bytes;
    if (!this.#isDirty) this.#schedule();
  }

  #schedule() {
    this.#isDirty = true;
    if (dirty.length === 0) setImmediate(flushAll);
    dirty.push(this);
  }

  #own(chunk: Uint8Array): Uint8Array {
    return this.#mustCopy ? Buffer.from(chunk) : chunk;
  }
}
