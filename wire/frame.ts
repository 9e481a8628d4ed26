// Numbers of HTTP/2's frames and settings. RFC 9113, sections 4 and 6.

/** Every frame begins with this many bytes. */
export const FRAME_HEADER_BYTES = 9;

/** What a client's side of a connection begins with. Section 3.4. */
export const PREFACE: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** The largest payload that everybody takes, and the most that we take. */
export const MAX_FRAME_BYTES = 16_384;

/** A window may not grow beyond this. Section 6.9.1. */
export const MAX_WINDOW_BYTES = 0x7fffffff;

/** Every window's size until somebody says otherwise. Section 6.9.2. */
export const DEFAULT_WINDOW_BYTES = 65_535;

/** The highest stream id. */
export const MAX_STREAM_ID = 0x7fffffff;

export const FrameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

export const Flag = {
  /** SETTINGS and PING. */
  ack: 0x1,
  /** DATA and HEADERS. */
  endStream: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

export const Setting = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
  /** RFC 9218, section 2.1. */
  noRfc7540Priorities: 0x9,
} as const;

/** Read the 31 bits of a stream id or a window's increment. */
export function readUint31(bytes: Buffer, at: number): number {
  return readUint32(bytes, at) & 0x7fffffff;
}

/** Read 32 bits as an unsigned number. */
export function readUint32(bytes: Buffer, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

/** Write 32 bits. */
export function writeUint32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
