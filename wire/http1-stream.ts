// Dresses an HTTP/1.1 request as a ServerStream, so that whoever answers
// requests is written once. Parsing and framing are node:http's.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ClosedBy } from "./closed-by.ts";
import { ErrorCode } from "./error-codes.ts";
import type { HeaderBlock } from "./header-block.ts";
import { endIfThrown } from "./http1-fault.ts";
import {
  takesTrailers,
  toEarlyHints,
  toFieldList,
  toTrailerBlock,
  toTrailers,
} from "./http1-headers.ts";
import { StallWatch } from "./http1-stall-watch.ts";
import type { Http1StreamOptions } from "./http1-stream-options.ts";
import { PieceQueue } from "./piece-queue.ts";
import {
  ignoring,
  type ServerStream,
  type ServerStreamHandler,
} from "./server-stream.ts";
import { isShared } from "./shared-reads.ts";
import { toTimerMs } from "./timer-ms.ts";

/** How much of a body is taken before its receiver has consumed it. */
const WINDOW_BYTES = 256 << 10;

const EMPTY = Buffer.alloc(0);

/** Up to this size, bytes are copied rather than written on their own. */
const SMALL_BODY_BYTES = 8 << 10;

/** So much of an answer is handed to node:http at a time. */
const STEP_BYTES = 64 << 10;

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
  /** What content-length leaves to come; below 0: it said nothing. */
  #missingBytes = -1;
  #isHeld = false;
  #unconsumedBytes = 0;
  #unread: NodeJS.Timeout | undefined;
  readonly #stall: StallWatch;
  readonly #queue = new PieceQueue();

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    options: Http1StreamOptions,
  ) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
    this.#stall = new StallWatch(
      response,
      options.limits.stallTimeoutMs,
      () => {
        options.onStall();
        this.reset(ErrorCode.cancel);
      },
    );
    const length = request.headers["content-length"];
    if (length !== undefined) this.#missingBytes = Number(length);
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

  #guarded(action: () => void): void {
    endIfThrown(this.#request.socket, action);
  }

  respond(headers: HeaderBlock, endStream = false) {
    if (this.closed || this.headersSent) return;
    this.headersSent = true;
    const fields = toFieldList(headers, this.#options.isDraining());
    this.#response.writeHead(headers.status, fields);
    if (endStream) return this.end();
    // With the body's first piece, unless that takes its time.
    process.nextTick(() => this.#flushHead());
  }

  /** Send the header block if nothing of the body was sent. */
  #flushHead(): void {
    if (this.#stall.handedBytes === 0 && !this.localEnded)
      this.#response.flushHeaders();
  }

  inform(headers: HeaderBlock): void {
    if (this.closed || this.headersSent || headers.status !== 103) return;
    const hints = toEarlyHints(headers);
    if (hints["link"] !== undefined) this.#response.writeEarlyHints(hints);
  }

  write(data: Uint8Array, endStream = false): boolean {
    if (this.closed || this.localEnded) return true;
    if (endStream && data.length <= STEP_BYTES && this.#queue.isEmpty)
      return this.#writeLast(data);
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

  /** All that is left, in one write with whatever node:http has to add. */
  #writeLast(data: Uint8Array): boolean {
    this.localEnded = true;
    if (!this.#response.writableNeedDrain) {
      this.#stall.handedBytes += data.length;
      this.#finish(data);
      return true;
    }
    this.#queue.push(data, 0);
    this.queuedBytes += data.length;
    return false;
  }

  end(trailers?: HeaderBlock): void {
    if (this.closed || this.localEnded) return;
    // RFC 9110, section 6.5.1: only to those who said that they take them.
    if (trailers !== undefined && takesTrailers(this.#request))
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
    this.#stall.handedBytes += before - this.queuedBytes;
    this.#stall.watch();
    return before - this.queuedBytes;
  }

  #finish(last?: Uint8Array): void {
    if (last === undefined) this.#response.end();
    // As a string it is one with the header, and one write takes both.
    else if (last.length <= SMALL_BODY_BYTES)
      this.#response.end(
        Buffer.from(last.buffer, last.byteOffset, last.length).toString(
          "latin1",
        ),
        "latin1",
      );
    else this.#response.end(isShared(last) ? Buffer.from(last) : last);
    this.#stall.watch();
    if (this.remoteEnded) return;
    // The next request of the connection comes after the rest of this one. To
    // close at once would be shorter, but a caller who still sends then sees a
    // broken connection, and not the answer.
    this.#request.resume();
    // node:http tells nobody of it any more.
    this.#request.socket.once("close", this.#onGone);
    this.#unread = setTimeout(
      () => this.reset(ErrorCode.noError),
      toTimerMs(this.#options.limits.stallTimeoutMs),
    ).unref();
  }

  #onData(chunk: Buffer): void {
    if (this.closed) return;
    this.#unconsumedBytes += chunk.length;
    this.#missingBytes -= chunk.length;
    // No trailers follow a body whose length was announced.
    if (this.#missingBytes === 0) this.remoteEnded = true;
    this.handler.onData(this, chunk, this.remoteEnded);
    if (this.#unconsumedBytes >= WINDOW_BYTES) this.#request.pause();
  }

  #onRequestEnd(): void {
    clearTimeout(this.#unread);
    if (this.closed) return;
    if (!this.remoteEnded) this.#endRemote();
    this.#closeIfEnded();
  }

  #endRemote(): void {
    this.remoteEnded = true;
    const { rawTrailers } = this.#request;
    const trailers = toTrailerBlock(rawTrailers);
    if (trailers === undefined) this.handler.onData(this, EMPTY, true);
    else this.handler.onTrailers(this, trailers);
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
    this.#options.onAnswered();
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

  /** The caller is gone in the midst of its request. */
  readonly #onGone = (): void =>
    this.#guarded(() => this.#close(ErrorCode.cancel, "peer"));

  #close(code: number, by: ClosedBy): void {
    clearTimeout(this.#unread);
    this.#request.socket.off("close", this.#onGone);
    this.#stall.stop();
    this.closed = true;
    this.closedBy = by;
    this.handler.onClose(this, code);
    if (!this.#isHeld) this.#options.onDone();
  }
}

function ignore(): void {}
