// Cuts the bytes of an HTTP/2 connection into frames. RFC 9113, section 4.1.

import { Flag, FRAME_HEADER_BYTES, FrameType } from "./frames.ts";
import type { Field } from "./hpack.ts";

/** A frame that came in. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** The decoded header block that this frame completes, if it does. */
  fields?: readonly Field[];
}

/** Takes bytes as they come and hands out whole frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Add bytes. Returns the frames that are complete now. */
  push(chunk: Buffer): Frame[] {
    let rest = this.#rest.length ? Buffer.concat([this.#rest, chunk]) : chunk;
    const frames: Frame[] = [];
    while (rest.length >= FRAME_HEADER_BYTES) {
      const end = FRAME_HEADER_BYTES + rest.readUIntBE(0, 3);
      if (rest.length < end) break;
      frames.push({
        type: rest.readUInt8(3),
        flags: rest.readUInt8(4),
        streamId: rest.readUInt32BE(5) & 0x7fff_ffff,
        payload: rest.subarray(FRAME_HEADER_BYTES, end),
      });
      rest = rest.subarray(end);
    }
    this.#rest = rest;
    return frames;
  }
}

/** Whether a frame carries a flag. */
export function hasFlag(frame: Frame, flag: number): boolean {
  return (frame.flags & flag) !== 0;
}

/** Whether a frame ends its sender's side of the stream. */
export function endsStream(frame: Frame): boolean {
  const { type } = frame;
  const canEnd = type === FrameType.data || type === FrameType.headers;
  return canEnd && hasFlag(frame, Flag.endStream);
}

/** DATA or HEADERS without padding and priority fields. */
export function content(frame: Frame): Buffer {
  const { payload } = frame;
  if (frame.type !== FrameType.data && frame.type !== FrameType.headers) {
    return frame.type === FrameType.pushPromise ? payload.subarray(4) : payload;
  }
  const padBytes = hasFlag(frame, Flag.padded) ? payload.readUInt8(0) + 1 : 0;
  const start = padBytes > 0 ? 1 : 0;
  const end = payload.length - Math.max(0, padBytes - 1);
  const skipped =
    frame.type === FrameType.headers && hasFlag(frame, Flag.priority) ? 5 : 0;
  return payload.subarray(start + skipped, end);
}

/** The error code of RST_STREAM or GOAWAY. */
export function errorCode(frame: Frame): number {
  return frame.payload.readUInt32BE(frame.type === FrameType.goaway ? 4 : 0);
}

/** The last stream id of GOAWAY, the bytes of WINDOW_UPDATE. */
export function firstWord(frame: Frame): number {
  return frame.payload.readUInt32BE(0) & 0x7fff_ffff;
}

/** A setting's value in SETTINGS, or undefined. */
export function settingOf(frame: Frame, id: number): number | undefined {
  for (let at = 0; at + 6 <= frame.payload.length; at += 6) {
    if (frame.payload.readUInt16BE(at) === id) {
      return frame.payload.readUInt32BE(at + 2);
    }
  }
  return undefined;
}

const NAMES = Object.entries(FrameType);

/** A frame in one short line, for messages. */
export function describe(frame: Frame): string {
  const { type, streamId, payload, flags } = frame;
  const name = NAMES.find(([, value]) => value === type)?.[0] ?? `type ${type}`;
  const isError = type === FrameType.goaway || type === FrameType.rstStream;
  const code = isError ? ` code ${errorCode(frame)}` : "";
  const debug =
    type === FrameType.goaway ? ` "${payload.toString("latin1", 8)}"` : "";
  const on = streamId === 0 ? "" : ` on ${streamId}`;
  return `${name}${on} (${payload.length} bytes, flags ${flags})${code}${debug}`;
}
