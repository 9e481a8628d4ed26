// Frames that no peer may send, whatever its role: each is a connection error
// with the code that RFC 9113 names. Stream 1 is open in both directions, its
// header has been sent and its body goes on; no other stream is.

import {
  Code,
  continuation,
  data,
  FrameType,
  frame,
  headers,
  ping,
  priority,
  rstStream,
  Setting,
  settings,
  windowUpdate,
} from "../../support/raw-http2/frames.ts";
import { indexed, literal, tableSize } from "../../support/raw-http2/hpack.ts";

/** Bytes that end a connection. */
export interface ConnectionError {
  readonly name: string;
  readonly bytes: Buffer;
  readonly code: number;
}

const NOTHING = Buffer.alloc(0);
const END = { endStream: true };

function zeros(bytes: number): Buffer {
  return Buffer.alloc(bytes);
}

function table(
  code: number,
  cases: readonly (readonly [name: string, ...frames: Buffer[]])[],
): ConnectionError[] {
  return cases.map(([name, ...frames]) => {
    return { name, code, bytes: Buffer.concat(frames) };
  });
}

const { headers: HEADERS, settings: SETTINGS } = FrameType;

const open = headers(1, NOTHING, { endHeaders: false, endStream: true });

const protocolErrors = table(Code.protocolError, [
  ["DATA on stream 0", data(0, "x")],
  ["HEADERS on stream 0", headers(0, literal("x", "y"))],
  ["PRIORITY on stream 0", priority(0, { dependsOn: 1 })],
  ["RST_STREAM on stream 0", rstStream(0, 0)],
  ["SETTINGS on stream 1", frame({ type: SETTINGS, streamId: 1 })],
  [
    "PING on stream 1",
    frame({ type: FrameType.ping, streamId: 1, payload: zeros(8) }),
  ],
  [
    "GOAWAY on stream 1",
    frame({ type: FrameType.goaway, streamId: 1, payload: zeros(8) }),
  ],
  ["DATA on an idle stream", data(9, "x")],
  ["RST_STREAM on an idle stream", rstStream(9, 8)],
  ["WINDOW_UPDATE on an idle stream", windowUpdate(9, 1)],
  ["DATA on an idle stream of the server's", data(2, "x")],
  ["RST_STREAM on an idle stream of the server's", rstStream(2, 8)],
  ["WINDOW_UPDATE on an idle stream of the server's", windowUpdate(2, 1)],
  ["HEADERS on a stream of the server's", headers(2, literal("x", "y"), END)],
  ["WINDOW_UPDATE of 0 on the connection", windowUpdate(0, 0)],
  ["WINDOW_UPDATE of 0 on a stream", windowUpdate(1, 0)],
  ["a stream that depends on itself", priority(1, { dependsOn: 1 })],
  [
    "a stream that depends on itself, in HEADERS",
    headers(1, literal("x", "y"), { ...END, priority: { dependsOn: 1 } }),
  ],
  ["CONTINUATION of nothing", continuation(1, NOTHING)],
  [
    "CONTINUATION after the block's end",
    open,
    continuation(1, NOTHING),
    continuation(1, NOTHING),
  ],
  ["CONTINUATION of another stream", open, continuation(3, NOTHING)],
  ["DATA within a header block", open, data(1, "x")],
  ["PING within a header block", open, ping("12345678")],
  ["an unknown frame within a header block", open, frame({ type: 0xbe })],
  ["HEADERS within a header block", open, headers(1, NOTHING)],
  [
    "DATA with more padding than there is",
    frame({ type: 0, flags: 8, streamId: 1, payload: Buffer.of(3, 1, 2) }),
  ],
  [
    "DATA of padding's length and nothing",
    frame({ type: 0, flags: 8, streamId: 1, payload: Buffer.of(1) }),
  ],
  [
    "HEADERS with more padding than there is",
    frame({ type: HEADERS, flags: 13, streamId: 1, payload: Buffer.of(3, 1) }),
  ],
  ["ENABLE_PUSH of 2", settings([Setting.enablePush, 2])],
  ["MAX_FRAME_SIZE of 16,383", settings([Setting.maxFrameSize, 16_383])],
  ["MAX_FRAME_SIZE of 2^24", settings([Setting.maxFrameSize, 1 << 24])],
]);

const frameSizeErrors = table(Code.frameSizeError, [
  ["DATA of 16,385 bytes", data(1, zeros(16_385))],
  ["HEADERS of 16,385 bytes", headers(1, zeros(16_385))],
  ["an unknown frame of 16,385 bytes", frame({ type: 99, length: 16_385 })],
  ["SETTINGS of 2^24 - 1 bytes", frame({ type: SETTINGS, length: 0xffffff })],
  ["SETTINGS of 5 bytes", frame({ type: SETTINGS, payload: zeros(5) })],
  [
    "SETTINGS ACK of 6 bytes",
    frame({ type: SETTINGS, flags: 1, payload: zeros(6) }),
  ],
  ["PING of 7 bytes", frame({ type: FrameType.ping, payload: zeros(7) })],
  ["PING of 9 bytes", frame({ type: FrameType.ping, payload: zeros(9) })],
  ["GOAWAY of 7 bytes", frame({ type: FrameType.goaway, payload: zeros(7) })],
  [
    "RST_STREAM of 3 bytes",
    frame({ type: FrameType.rstStream, streamId: 1, payload: zeros(3) }),
  ],
  [
    "WINDOW_UPDATE of 3 bytes",
    frame({ type: FrameType.windowUpdate, payload: zeros(3) }),
  ],
  [
    "WINDOW_UPDATE of 5 bytes on a stream",
    frame({ type: FrameType.windowUpdate, streamId: 1, payload: zeros(5) }),
  ],
  [
    "PRIORITY of 4 bytes",
    frame({ type: FrameType.priority, streamId: 1, payload: zeros(4) }),
  ],
]);

const compressionErrors = table(Code.compressionError, [
  ["an index that doesn't exist", headers(1, indexed(62), END)],
  ["index 0", headers(1, indexed(0), END)],
  ["a table larger than allowed", headers(1, tableSize(4_097), END)],
  [
    "a table size after a field",
    headers(1, Buffer.concat([literal("x", "y"), tableSize(0)]), END),
  ],
  [
    "a block that breaks off",
    headers(1, literal("x", "y").subarray(0, 3), END),
  ],
  [
    "an integer that doesn't end",
    headers(1, Buffer.from("ffffffffffffffffffffff", "hex"), END),
  ],
  [
    "Huffman padding of ones and a zero",
    headers(1, Buffer.from("00817e8179", "hex"), END),
  ],
  ["the rest of a block, in CONTINUATION", open, continuation(1, indexed(99))],
]);

const flowControlErrors = table(Code.flowControlError, [
  ["the connection's window overflows", windowUpdate(0, 0x7fff_ffff)],
  ["a stream's window overflows", windowUpdate(1, 0x7fff_ffff)],
  [
    "INITIAL_WINDOW_SIZE of 2^31",
    settings([Setting.initialWindowSize, 0x8000_0000]),
  ],
  [
    "INITIAL_WINDOW_SIZE that overflows a stream's window",
    windowUpdate(1, 1_000_000),
    settings([Setting.initialWindowSize, 0x7fff_ffff]),
  ],
]);

const streamClosedErrors = table(Code.streamClosed, [
  ["DATA after END_STREAM", data(1, "", END), data(1, "late")],
  [
    "HEADERS after END_STREAM",
    data(1, "", END),
    headers(1, literal("x", "y"), END),
  ],
]);

/** All of them, for tables. */
export const connectionErrors: readonly ConnectionError[] = [
  ...[...protocolErrors, ...frameSizeErrors, ...compressionErrors],
  ...[...flowControlErrors, ...streamClosedErrors],
];

/** What a peer may send at the same point, though it means nothing. */
export const harmless: readonly (readonly [name: string, bytes: Buffer])[] = [
  ["an unknown frame", frame({ type: 0xbe, flags: 255, payload: zeros(99) })],
  ["an unknown frame on an idle stream", frame({ type: 0x42, streamId: 99 })],
  ["unknown settings", settings([0x99, 1], [0xffff, 0xffff_ffff])],
  [
    "unknown flags",
    frame({ type: FrameType.ping, flags: 0xfe, payload: zeros(8) }),
  ],
  ["a PING ACK that nobody asked for", ping("nobodyme", true)],
  ["a SETTINGS ACK that nobody asked for", frame({ type: SETTINGS, flags: 1 })],
  ["PRIORITY on an idle stream", priority(9, { dependsOn: 7 })],
  [
    "the reserved bit",
    frame({ type: 0, streamId: 0x8000_0001, payload: zeros(1) }),
  ],
  ["the smallest MAX_FRAME_SIZE", settings([Setting.maxFrameSize, 16_384])],
  ["the largest MAX_FRAME_SIZE", settings([Setting.maxFrameSize, 0xff_ffff])],
  ["the largest window", windowUpdate(0, 0x7fff_ffff - 65_535)],
  ["a table of 0", settings([Setting.headerTableSize, 0])],
  ["a table of 4 GiB", settings([Setting.headerTableSize, 0xffff_ffff])],
  ["empty DATA", data(1, "")],
];
