// HTTP/2 frames for tests, built and read byte by byte: every type, any flag,
// any length, right or wrong. Shares nothing with the engine, so that a mistake
// can't be in both and cancel out. RFC 9113, sections 4 and 6.

/** RFC 9113, section 6. */
export const FrameType = {
  ...{ data: 0, headers: 1, priority: 2, rstStream: 3, settings: 4 },
  ...{ pushPromise: 5, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9 },
} as const;

/** The flags of all types; ACK and END_STREAM share a bit. */
export const Flag = {
  ...{ ack: 0x1, endStream: 0x1, endHeaders: 0x4 },
  ...{ padded: 0x8, priority: 0x20 },
} as const;

/** RFC 9113, section 6.5.2. */
export const Setting = {
  ...{ headerTableSize: 1, enablePush: 2, maxConcurrentStreams: 3 },
  ...{ initialWindowSize: 4, maxFrameSize: 5, maxHeaderListSize: 6 },
} as const;

/** RFC 9113, section 7. */
export const Code = {
  ...{ noError: 0, protocolError: 1, internalError: 2, flowControlError: 3 },
  ...{ settingsTimeout: 4, streamClosed: 5, frameSizeError: 6 },
  ...{ refusedStream: 7, cancel: 8, compressionError: 9, connectError: 10 },
  ...{ enhanceYourCalm: 11, inadequateSecurity: 12, http11Required: 13 },
} as const;

/** What a client sends first. RFC 9113, section 3.4. */
export const PREFACE = Buffer.from(
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "latin1",
);

/** The bytes before a frame's payload. */
export const FRAME_HEADER_BYTES = 9;

const NOTHING = Buffer.alloc(0);

/** A frame as its parts. */
export interface FrameParts {
  readonly type: number;
  /** Defaults to none. */
  readonly flags?: number;
  /** Defaults to 0, the connection. */
  readonly streamId?: number;
  /** Defaults to nothing. */
  readonly payload?: Uint8Array;
  /** What the length field claims. Defaults to the truth. */
  readonly length?: number;
}

/** Build any frame. */
export function frame(parts: FrameParts): Buffer {
  const { type, flags = 0, streamId = 0, payload = NOTHING } = parts;
  const head = Buffer.alloc(FRAME_HEADER_BYTES);
  head.writeUIntBE(parts.length ?? payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** What DATA and HEADERS have in common. */
export interface PartOptions {
  readonly endStream?: boolean;
  /** Pad by that many bytes; 0 still sets the flag. Defaults to no padding. */
  readonly padBytes?: number | undefined;
}

/** How HEADERS may differ from a complete block. */
export interface HeadersOptions extends PartOptions {
  /** Defaults to true. */
  readonly endHeaders?: boolean;
  /** Add the deprecated priority fields. */
  readonly priority?: Priority;
}

/** RFC 9113, section 6.3. */
export interface Priority {
  readonly dependsOn: number;
  readonly exclusive?: boolean;
  /** The byte on the wire. Defaults to 15. */
  readonly weight?: number;
}

/** HEADERS with a block, complete unless `endHeaders` is false. */
export function headers(
  streamId: number,
  block: Uint8Array,
  options: HeadersOptions = {},
): Buffer {
  const { endStream = false, endHeaders = true, padBytes, priority } = options;
  const flags =
    (endStream ? Flag.endStream : 0) |
    (endHeaders ? Flag.endHeaders : 0) |
    (padBytes === undefined ? 0 : Flag.padded) |
    (priority === undefined ? 0 : Flag.priority);
  const fields = priority === undefined ? NOTHING : priorityFields(priority);
  const payload = pad(Buffer.concat([fields, block]), padBytes);
  return frame({ type: FrameType.headers, flags, streamId, payload });
}

/** CONTINUATION; the last one unless `endHeaders` is false. */
export function continuation(
  streamId: number,
  block: Uint8Array,
  endHeaders = true,
): Buffer {
  const flags = endHeaders ? Flag.endHeaders : 0;
  const type = FrameType.continuation;
  return frame({ type, flags, streamId, payload: block });
}

/** DATA. */
export function data(
  streamId: number,
  bytes: Uint8Array | string,
  options: PartOptions = {},
): Buffer {
  const { endStream = false, padBytes } = options;
  const flags =
    (endStream ? Flag.endStream : 0) |
    (padBytes === undefined ? 0 : Flag.padded);
  const payload = pad(Buffer.from(bytes as Uint8Array), padBytes);
  return frame({ type: FrameType.data, flags, streamId, payload });
}

/** PRIORITY. */
export function priority(streamId: number, fields: Priority): Buffer {
  const payload = priorityFields(fields);
  return frame({ type: FrameType.priority, streamId, payload });
}

/** RST_STREAM. */
export function rstStream(streamId: number, code: number): Buffer {
  return frame({ type: FrameType.rstStream, streamId, payload: word(code) });
}

/** SETTINGS with these pairs, in this order. */
export function settings(
  ...pairs: readonly (readonly [id: number, value: number])[]
): Buffer {
  const payload = Buffer.alloc(pairs.length * 6);
  pairs.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  });
  return frame({ type: FrameType.settings, payload });
}

/** The answer to SETTINGS. */
export function settingsAck(): Buffer {
  return frame({ type: FrameType.settings, flags: Flag.ack });
}

/** PUSH_PROMISE with a complete block. */
export function pushPromise(
  streamId: number,
  promised: number,
  block: Uint8Array,
): Buffer {
  const payload = Buffer.concat([word(promised), block]);
  const flags = Flag.endHeaders;
  return frame({ type: FrameType.pushPromise, flags, streamId, payload });
}

/** PING with eight bytes, or the answer to one. */
export function ping(opaque: string | Uint8Array, isAck = false): Buffer {
  const payload = Buffer.from(opaque as Uint8Array);
  const flags = isAck ? Flag.ack : 0;
  return frame({ type: FrameType.ping, flags, payload });
}

/** GOAWAY. */
export function goaway(lastStreamId: number, code: number): Buffer {
  const payload = Buffer.concat([word(lastStreamId), word(code)]);
  return frame({ type: FrameType.goaway, payload });
}

/** WINDOW_UPDATE; stream 0 is the connection. */
export function windowUpdate(streamId: number, bytes: number): Buffer {
  const type = FrameType.windowUpdate;
  return frame({ type, streamId, payload: word(bytes) });
}

/** The same bytes many times over. */
export function repeat(bytes: Uint8Array, times: number): Buffer {
  return Buffer.concat(Array<Uint8Array>(times).fill(bytes));
}

function priorityFields({ dependsOn, exclusive, weight }: Priority): Buffer {
  const top = exclusive === true ? 0x8000_0000 : 0;
  return Buffer.concat([word(top + dependsOn), Buffer.of(weight ?? 15)]);
}

function pad(payload: Buffer, padBytes: number | undefined): Buffer {
  if (padBytes === undefined) return payload;
  return Buffer.concat([Buffer.of(padBytes), payload, Buffer.alloc(padBytes)]);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
