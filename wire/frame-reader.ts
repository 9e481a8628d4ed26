// Cuts a connection's bytes into frames, in place.
//
// A frame that lies whole in one chunk is handed on as a range of that chunk;
// the body of a DATA frame is handed on piece by piece as it comes, so that no
// body is ever copied or kept here. Only the frames of other types are put
// together when they straddle chunks; they are at most 16 KiB. Says nothing
// about what frames mean.

import { Flag, FRAME_HEADER_BYTES, FrameType, readUint31 } from "./frame.ts";

/** Takes what was read. Whoever wants no more calls FrameReader.stop(). */
export interface FrameSink {
  /** The header of each frame, before anything of its payload. */
  onFrameHeader(type: number, streamId: number, length: number): void;
  /** A whole frame but DATA; its payload is bytes[start, end). */
  onFrame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void;
  /** A DATA frame begins, its length includes the padding. */
  onDataStart(streamId: number, flags: number, length: number): void;
  /** A piece of the DATA frame's body without padding; the last one is marked. */
  onDataPiece(bytes: Buffer, start: number, end: number, last: boolean): void;
  /** The frame's padding is more than the frame. RFC 9113, section 6.1. */
  onBadPadding(): void;
}

const State = {
  header: 0,
  payload: 1,
  padLength: 2,
  data: 3,
  skip: 4,
  stopped: 5,
} as const;

/**
 * The receiving side of a connection's bytes, after the preface.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  #state: number = State.header;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** What is left of the payload; for DATA: of its body. */
  #left = 0;
  #padding = 0;
  /** What came of a header, or of a payload that straddles chunks. */
  #partial: Buffer | undefined;
  #filled = 0;
  /** Frames that have begun. */
  frames = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Whether a frame has begun that isn't complete. */
  get isMidFrame(): boolean {
    return this.#filled > 0 || this.#state === State.payload;
  }

  /** The stream of that frame, if it is HEADERS; else 0. */
  get headersId(): number {
    const isHeaders =
      this.#state === State.payload && this.#type === FrameType.headers;
    return isHeaders ? this.#streamId : 0;
  }

  /** Read no more, whatever comes. */
  stop(): void {
    this.#state = State.stopped;
    this.#partial = undefined;
  }

  /** Take the next bytes, from `start` on. */
  push(chunk: Buffer, start = 0): void {
    let at = start;
    const end = chunk.length;
    while (at < end) {
      switch (this.#state) {
        case State.header:
          at = this.#readHeader(chunk, at, end);
          break;
        case State.payload:
          at = this.#fill(chunk, at, end, this.#left);
          if (this.#filled === this.#left) this.#endPayload();
          break;
        case State.padLength:
          this.#startBody(chunk[at] as number);
          at++;
          break;
        case State.data:
          at = this.#readBody(chunk, at, end);
          break;
        case State.skip: {
          const step = Math.min(this.#left, end - at);
          this.#left -= step;
          at += step;
          if (this.#left === 0) this.#state = State.header;
          break;
        }
        default:
          return;
      }
    }
  }

  #readHeader(chunk: Buffer, at: number, end: number): number {
    if (this.#filled === 0 && end - at >= FRAME_HEADER_BYTES) {
      this.#startFrame(chunk, at);
      return this.#tryWhole(chunk, at + FRAME_HEADER_BYTES, end);
    }
    const next = this.#fill(chunk, at, end, FRAME_HEADER_BYTES);
    if (this.#filled < FRAME_HEADER_BYTES) return next;
    const header = this.#partial as Buffer;
    this.#filled = 0;
    this.#partial = undefined;
    this.#startFrame(header, 0);
    return this.#tryWhole(chunk, next, end);
  }

  #startFrame(bytes: Buffer, at: number): void {
    this.#left =
      ((bytes[at] as number) << 16) |
      ((bytes[at + 1] as number) << 8) |
      (bytes[at + 2] as number);
    this.#type = bytes[at + 3] as number;
    this.#flags = bytes[at + 4] as number;
    this.#streamId = readUint31(bytes, at + 5);
    this.frames++;
    this.#sink.onFrameHeader(this.#type, this.#streamId, this.#left);
  }

  /** After a header: take the payload where it is, if all of it is there. */
  #tryWhole(chunk: Buffer, at: number, end: number): number {
    if (this.#state === State.stopped) return end;
    const length = this.#left;
    const type = this.#type;
    if (type === FrameType.data) {
      this.#sink.onDataStart(this.#streamId, this.#flags, length);
      if (this.#isStopped()) return end;
      if ((this.#flags & Flag.padded) === 0) this.#startBody(-1);
      else if (length === 0) this.#sink.onBadPadding();
      else this.#state = State.padLength;
      return at;
    }
    if (type > FrameType.continuation) {
      // An extension that we don't know. RFC 9113, section 5.5.
      if (length > 0) this.#state = State.skip;
      return at;
    }
    if (end - at >= length) {
      const payloadEnd = at + length;
      this.#sink.onFrame(
        type,
        this.#flags,
        this.#streamId,
        chunk,
        at,
        payloadEnd,
      );
      return at + length;
    }
    this.#state = State.payload;
    return at;
  }

  /** Copy what is missing of the first `length` bytes. Returns where it ended. */
  #fill(chunk: Buffer, at: number, end: number, length: number): number {
    this.#partial ??= Buffer.allocUnsafe(length);
    const step = Math.min(length - this.#filled, end - at);
    chunk.copy(this.#partial, this.#filled, at, at + step);
    this.#filled += step;
    return at + step;
  }

  #endPayload(): void {
    const payload = this.#partial as Buffer;
    const length = this.#filled;
    this.#partial = undefined;
    this.#filled = 0;
    this.#state = State.header;
    this.#sink.onFrame(
      this.#type,
      this.#flags,
      this.#streamId,
      payload,
      0,
      length,
    );
  }

  /** The body begins: what is left, less the padding; -1 if there is no such. */
  #startBody(padding: number): void {
    if (padding >= this.#left) {
      this.#sink.onBadPadding();
      return;
    }
    this.#padding = Math.max(padding, 0);
    this.#left -= padding + 1;
    this.#state = State.data;
    if (this.#left === 0) this.#endBody(EMPTY, 0, 0);
  }

  #readBody(chunk: Buffer, at: number, end: number): number {
    if (end - at < this.#left) {
      this.#left -= end - at;
      this.#sink.onDataPiece(chunk, at, end, false);
      return end;
    }
    const bodyEnd = at + this.#left;
    this.#endBody(chunk, at, bodyEnd);
    return bodyEnd;
  }

  #endBody(bytes: Buffer, start: number, end: number): void {
    this.#left = this.#padding;
    this.#state = this.#left > 0 ? State.skip : State.header;
    this.#sink.onDataPiece(bytes, start, end, true);
  }

  #isStopped(): boolean {
    return this.#state === State.stopped;
  }
}

const EMPTY = Buffer.alloc(0);
