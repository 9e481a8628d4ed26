// Dresses an HTTP/1.1 request as a ServerStream, so that whoever answers
// requests is written once. Parsing and framing are node:http's.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ClosedBy } from "./closed-by.ts";
import { ErrorCode } from "./error-codes.ts";
import type { HeaderBlock } from "./header-block.ts";
import { toFieldList, toTrailerBlock, toTrailers } from "./http1-headers.ts";
import type { Limits } from "./limits.ts";
import { PieceQueue } from "./piece-queue.ts";
import type { ServerStream, ServerStreamHandler } from "./server-stream.ts";
import { toTimerMs } from "./timer-ms.ts";

/** How much of a body is taken before its receiver has consumed it. */
const WINDOW_BYTES = 256 << 10;

const EMPTY = Buffer.alloc(0);

/** So much of an answer is handed to node:http at a time. */
const STEP_BYTES = 64 << 10;

/** What streams of one listener have in common. */
export interface Http1StreamOptions {
  readonly limits: Limits;
  /** Whether answers ask callers to go. */
  readonly isDraining: () => boolean;
  /** The stream is closed, and the work behind it has ended. */
  readonly onDone: () => void;
  /** The caller took too little of its answer. */
  readonly onStall: () => void;
}

/**
 * An HTTP/1.1 request and its answer.
 */
export class Http1Stream implements ServerStream {
  readonly httpVersion = 1;
  handler: ServerStreamHandler = ignoring;
  context: unknown = undefined;
  closed = false;
  closedBy: ClosedBy | undefined = undefined;
  localEnded = false;
  remoteEnded = false;
  headersSent = false;
  queuedBytes = 0;

  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: Http1StreamOptions;
  #isHeld = false;
  #unconsumedBytes = 0;
  #unread: NodeJS.Timeout | undefined;
  /** Watches an answer that isn't taken. */
  #stall: NodeJS.Timeout | undefined;
  /** What waits. */
  readonly #queue = new PieceQueue();
  #handedBytes = 0;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    options: Http1StreamOptions,
  ) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
  }

  /** Begin to read, once `onRequest` has set the handler. */
  start(onRequest: () => void): void {
    const request = this.#request;
    const response = this.#response;
    response.on("drain", () => this.#guarded(() => this.#onDrain()));
    response.on("close", () => this.#guarded(() => this.#onResponseClose()));
    // "close" follows.
    response.on("error", ignore);
    request.on("error", ignore);
    this.#guarded(onRequest);
    if (this.remoteEnded) {
      request.resume();
      return;
    }
    request.on("data", (chunk: Buffer) =>
      this.#guarded(() => this.#onData(chunk)),
    );
    request.on("end", () => this.#guarded(() => this.#onRequestEnd()));
  }

  /**
   * What a handler throws ends its connection, and no other; the process hears
   * of it as of any error that nobody catches.
   */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#request.socket.destroy();
      process.nextTick(() => {
        throw error;
      });
    }
  }

  respond(headers: HeaderBlock, endStream = false) {
    if (this.closed || this.headersSent) return;
    this.headersSent = true;
    const fields = toFieldList(headers);
    if (this.#options.isDraining()) fields.push("connection", "close");
    this.#response.writeHead(headers.status, fields);
    if (endStream) return this.end();
    // With the body's first piece, unless that takes its time.
    setImmediate(() => this.#response.flushHeaders());
  }

  inform(headers: HeaderBlock): void {
    if (this.closed || this.headersSent || headers.status !== 103) return;
    const hints: Record<string, string> = {};
    for (const { name, value } of headers.fields)
      if (!name.startsWith(":")) hints[name] = value;
    if (hints["link"] !== undefined) this.#response.writeEarlyHints(hints);
  }

  write(data: Uint8Array, endStream = false): boolean {
    if (this.closed || this.localEnded) return true;
    if (data.length > 0) {
      const isFirst = this.#queue.isEmpty;
      this.#queue.push(data, 0);
      this.queuedBytes += data.length;
      // What waits goes on with "drain", which tells how much it was.
      if (isFirst) this.#pump();
    }
    if (endStream) this.end();
    return this.queuedBytes === 0;
  }

  end(trailers?: HeaderBlock): void {
    if (this.closed || this.localEnded) return;
    // RFC 9110, section 6.5.1: only to those who said that they take them.
    const wanted = /\btrailers\b/i.test(String(this.#request.headers["te"]));
    if (trailers !== undefined && wanted)
      this.#response.addTrailers(toTrailers(trailers));
    this.localEnded = true;
    if (this.queuedBytes === 0) this.#finish();
  }

  reset(code: number): void {
    if (this.closed) return;
    // First: the next request of the connection must not begin.
    this.#request.socket.destroy();
    this.#response.destroy();
    this.#close(code, "local");
  }

  consume(bytes: number): void {
    this.#unconsumedBytes -= bytes;
    if (this.#unconsumedBytes < WINDOW_BYTES && this.#request.isPaused())
      this.#request.resume();
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (this.closed) this.#options.onDone();
  }

  /**
   * Hand over what waits, little at a time: what was handed over, nobody tells
   * how much of it has left. Returns how much it was.
   */
  #pump(): number {
    const response = this.#response;
    const before = this.queuedBytes;
    const queue = this.#queue;
    while (!queue.isEmpty && !response.writableNeedDrain) {
      const piece = queue.first as Uint8Array;
      const from = queue.offset;
      const end = Math.min(piece.length, from + STEP_BYTES);
      response.write(piece.subarray(from, end));
      this.queuedBytes -= end - from;
      queue.advance(end);
    }
    this.#handedBytes += before - this.queuedBytes;
    this.#watchStall();
    return before - this.queuedBytes;
  }

  #finish(): void {
    this.#response.end();
    this.#watchStall();
    if (this.remoteEnded) return;
    // The next request of the connection comes after the rest of this one. To
    // close at once would be shorter, but a caller who still sends then sees a
    // broken connection, and not the answer.
    this.#request.resume();
    this.#unread = setTimeout(
      () => this.reset(ErrorCode.noError),
      toTimerMs(this.#options.limits.stallTimeoutMs),
    ).unref();
  }

  #onData(chunk: Buffer): void {
    if (this.closed) return;
    this.#unconsumedBytes += chunk.length;
    this.handler.onData(this, chunk, false);
    if (this.#unconsumedBytes >= WINDOW_BYTES) this.#request.pause();
  }

  #onRequestEnd(): void {
    clearTimeout(this.#unread);
    if (this.closed) return;
    this.remoteEnded = true;
    const { rawTrailers } = this.#request;
    const trailers = toTrailerBlock(rawTrailers);
    if (trailers === undefined) this.handler.onData(this, EMPTY, true);
    else this.handler.onTrailers(this, trailers);
    this.#closeIfEnded();
  }

  #onDrain(): void {
    if (this.closed) return;
    const sent = this.#pump();
    if (sent > 0) this.handler.onSent(this, sent);
    if (this.localEnded && this.queuedBytes === 0 && !this.closed)
      this.#finish();
  }

  /** The answer is out, or the caller is gone. */
  #onResponseClose(): void {
    if (this.closed) return;
    if (this.#response.writableFinished) {
      this.#closeIfEnded();
    } else {
      this.#close(ErrorCode.cancel, "peer");
    }
  }

  #closeIfEnded(): void {
    if (this.remoteEnded && this.#response.writableFinished && !this.closed)
      this.#close(ErrorCode.noError, "end");
  }

  #close(code: number, by: ClosedBy): void {
    clearTimeout(this.#unread);
    clearTimeout(this.#stall);
    this.closed = true;
    this.closedBy = by;
    this.handler.onClose(this, code);
    if (!this.#isHeld) this.#options.onDone();
  }

  /** Cut off a caller who takes nothing of what was handed over. */
  #watchStall(): void {
    const response = this.#response;
    const left = response.writableLength;
    if (left === 0 || this.#stall !== undefined || this.closed) return;
    const taken = this.#handedBytes - left;
    const { stallTimeoutMs } = this.#options.limits;
    const onTimeout = () => {
      this.#stall = undefined;
      const isTaken = this.#handedBytes - response.writableLength > taken;
      if (isTaken || response.writableLength === 0) return this.#watchStall();
      this.#options.onStall();
      this.reset(ErrorCode.cancel);
    };
    this.#stall = setTimeout(
      onTimeout,
      toTimerMs(stallTimeoutMs * Math.ceil(left / STEP_BYTES)),
    ).unref();
  }
}

const ignoring: ServerStreamHandler = {
  onData: (stream, data) => stream.consume(data.length),
  onTrailers() {},
  onSent() {},
  onClose() {},
};

function ignore(): void {}
