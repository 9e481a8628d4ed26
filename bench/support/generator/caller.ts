// One HTTP/2 connection that makes gRPC-shaped calls as fast as they are
// answered: raw frames on a socket, not our engine. It checks that each answer
// has status 200 and trailers, and nothing else.

import { connect, type Socket } from "node:net";
import { RequestEncoder } from "./request-encoder.ts";

const FRAME_HEADER_BYTES = 9;
const DATA = 0x0;
const HEADERS = 0x1;
const RST_STREAM = 0x3;
const SETTINGS = 0x4;
const PING = 0x6;
const GOAWAY = 0x7;
const WINDOW_UPDATE = 0x8;
const ACK = 0x1;
const END_STREAM = 0x1;
const END_HEADERS = 0x4;

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const INITIAL_WINDOW_BYTES = 65_535;
const HEADER_TABLE_SIZE = 0x1;
const TABLE_BYTES = 4_096;
/** ":status: 200" of the static table. */
const STATUS_200 = 0x88;
/** More than the frames of any request here. */
const REQUEST_BYTES = 512;

/** How long a server may leave all calls unanswered. */
const SILENCE_MS = 10_000;

/** What each call sends: a gRPC message of 6 bytes. */
const BODY = Buffer.from([0, 0, 0, 0, 6, 0x0a, 4, 0x67, 0x72, 0x70, 0x63]);

/** What a caller calls, and how. */
export interface CallerOptions {
  readonly port: number;
  readonly path: string;
  /** How many calls are under way at once. */
  readonly streams: number;
  /** Send a header that is different in each call. */
  readonly changing: boolean;
  /** How many calls it makes. */
  readonly calls: number;
  /** The number of its first call. */
  readonly first: number;
}

/** A connection that makes calls. */
export class Caller {
  /** Resolves when its last call was answered. Rejects on any failure. */
  readonly done: Promise<void>;
  readonly #options: CallerOptions;
  readonly #socket: Socket;
  readonly #encoder: RequestEncoder;
  readonly #settle: PromiseWithResolvers<void>;
  #rest: Buffer = Buffer.alloc(0);
  #nextStream = 1;
  #made = 0;
  #open = 0;
  #accepted = 0;
  #answered = 0;
  #window = INITIAL_WINDOW_BYTES;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#settle = Promise.withResolvers();
    this.done = this.#settle.promise;
    const authority = `127.0.0.1:${options.port}`;
    const { path, changing } = options;
    this.#encoder = new RequestEncoder(authority, path, changing);
    this.#socket = connect({ port: options.port, host: "127.0.0.1" });
    this.#socket.setNoDelay(true);
    this.#socket.setTimeout(SILENCE_MS, () => this.#fail("is silent"));
    this.#socket.on("connect", () => this.#socket.write(greeting()));
    this.#socket.on("data", (chunk) => this.#read(chunk));
    this.#socket.on("error", (error) => this.#settle.reject(error));
    this.#socket.on("close", () => this.#fail("closed the connection"));
  }

  /** Close the connection. */
  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const bytes =
      this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at + FRAME_HEADER_BYTES <= bytes.length) {
      const payload = at + FRAME_HEADER_BYTES;
      const end = payload + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.#readFrame(bytes, at, payload, end);
      at = end;
    }
    this.#rest = bytes.subarray(at);
    // Answers that came together are followed by requests that go together.
    this.#makeCalls();
  }

  #readFrame(bytes: Buffer, at: number, payload: number, end: number): void {
    const flags = bytes[at + 4] ?? 0;
    switch (bytes[at + 3]) {
      case HEADERS:
        this.#readHeaders(flags, bytes[payload]);
        return;
      case DATA:
        // What is not followed by trailers is not a whole answer.
        if ((flags & END_STREAM) !== 0) this.#fail("sent no trailers");
        return;
      case SETTINGS:
        if ((flags & ACK) === 0) this.#readSettings(bytes, payload, end);
        return;
      case PING:
        if ((flags & ACK) === 0) this.#answerPing(bytes, payload, end);
        return;
      case WINDOW_UPDATE:
        // All bodies are tiny: only the connection's window can run out.
        if (bytes.readUInt32BE(at + 5) === 0) {
          this.#window += bytes.readUInt32BE(payload);
        }
        return;
      case RST_STREAM:
        this.#fail(`reset with ${bytes.readUInt32BE(payload)}`);
        return;
      case GOAWAY:
        this.#fail(`said goodbye, ${bytes.readUInt32BE(payload + 4)}`);
    }
  }

  #readHeaders(flags: number, first: number | undefined): void {
    if ((flags & END_STREAM) === 0) {
      if (first !== STATUS_200) this.#fail("did not answer with 200");
      this.#accepted++;
      return;
    }
    this.#answered++;
    this.#open--;
    if (this.#answered > this.#accepted) this.#fail("answered without 200");
  }

  #readSettings(bytes: Buffer, payload: number, end: number): void {
    for (let at = payload; at < end; at += 6) {
      if (bytes.readUInt16BE(at) !== HEADER_TABLE_SIZE) continue;
      if (bytes.readUInt32BE(at + 2) < TABLE_BYTES) {
        this.#fail("wants a smaller table than this program can work with");
      }
    }
    this.#socket.write(frame(SETTINGS, ACK));
  }

  #answerPing(bytes: Buffer, payload: number, end: number): void {
    this.#socket.write(frame(PING, ACK, bytes.subarray(payload, end)));
  }

  #makeCalls(): void {
    const { calls, first, streams } = this.#options;
    if (this.#answered === calls) this.#settle.resolve();
    const count = Math.min(
      streams - this.#open,
      calls - this.#made,
      Math.floor(this.#window / BODY.length),
    );
    if (count === 0) return;
    const target = Buffer.allocUnsafe(count * REQUEST_BYTES);
    let at = 0;
    for (let i = 0; i < count; i++) {
      at = this.#writeRequest(first + this.#made++, target, at);
    }
    this.#open += count;
    this.#window -= count * BODY.length;
    this.#socket.write(target.subarray(0, at));
  }

  #writeRequest(number: number, target: Buffer, start: number): number {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const block = start + FRAME_HEADER_BYTES;
    const end = this.#encoder.encode(number, target, block);
    writeFrameHeader(target, start, end - block, HEADERS, END_HEADERS, stream);
    writeFrameHeader(target, end, BODY.length, DATA, END_STREAM, stream);
    const body = end + FRAME_HEADER_BYTES;
    return body + BODY.copy(target, body);
  }

  #fail(reason: string): void {
    this.#settle.reject(new Error(`127.0.0.1:${this.#options.port} ${reason}`));
  }
}

/** The preface, SETTINGS without any, and credit for all bodies to come. */
function greeting(): Buffer {
  const credit = Buffer.alloc(4);
  credit.writeUInt32BE(2 ** 31 - 1 - INITIAL_WINDOW_BYTES);
  return Buffer.concat([
    Buffer.from(PREFACE, "latin1"),
    frame(SETTINGS, 0),
    frame(WINDOW_UPDATE, 0, credit),
  ]);
}

function frame(type: number, flags: number, payload?: Buffer): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  writeFrameHeader(header, 0, payload?.length ?? 0, type, flags, 0);
  return payload === undefined ? header : Buffer.concat([header, payload]);
}

function writeFrameHeader(
  target: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  stream: number,
): void {
  target.writeUIntBE(length, at, 3);
  target[at + 3] = type;
  target[at + 4] = flags;
  target.writeUInt32BE(stream, at + 5);
}
