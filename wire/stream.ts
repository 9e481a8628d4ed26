// One exchange on a connection: what its owner may do, and what the engine
// remembers about it.

import type { ClosedBy } from "./closed-by.ts";
import type { HeaderBlock } from "./header-block.ts";
import type { PieceQueue } from "./piece-queue.ts";
import type { ServerStream } from "./server-stream.ts";

/**
 * Receives what happens on one stream, synchronously, while the engine reads.
 */
export interface StreamHandler {
  /** Client role: an interim answer (1xx). */
  onInformation?(stream: Stream, headers: HeaderBlock): void;

  /** Client role: the final answer's header fields. */
  onResponse?(stream: Stream, headers: HeaderBlock, endStream: boolean): void;

  /**
   * A piece of the body; it may be empty when the body ends. Whoever takes it
   * owes stream.consume(data.length). It is valid only during the call, the
   * next read overwrites it: pass it to another stream's write(), read it, or
   * keep what keepBytes() makes of it.
   */
  onData(stream: Stream, data: Buffer, endStream: boolean): void;

  /** Trailers. They end the peer's side. */
  onTrailers(stream: Stream, trailers: HeaderBlock): void;

  /** So many bytes that write() had queued are on their way now. */
  onSent(stream: Stream, bytes: number): void;

  /**
   * The last call, exactly one. `stream.closedBy` tells more than the code;
   * the code is NO_ERROR when both sides have ended.
   */
  onClose(stream: Stream, code: number): void;
}

/** What a stream needs of its connection. @internal */
export interface StreamOwner {
  sendHeaders(stream: Stream, headers: HeaderBlock, endStream: boolean): void;
  sendInformation(stream: Stream, headers: HeaderBlock): void;
  sendData(stream: Stream, data: Uint8Array, endStream: boolean): boolean;
  sendEnd(stream: Stream, trailers: HeaderBlock | undefined): void;
  reset(stream: Stream, code: number): void;
  consumed(stream: Stream, bytes: number): void;
  released(stream: Stream): void;
}

/**
 * A stream. All its methods do nothing once it is closed.
 */
export class Stream implements ServerStream {
  readonly httpVersion = 2;
  readonly id: number;
  /** Told what happens. A server sets it before onRequest() returns. */
  handler: StreamHandler = ignoring;
  /** For whoever handles the stream. */
  context: unknown = undefined;

  closed = false;
  closedBy: ClosedBy | undefined = undefined;
  /** We said all: our last frame is out, or queued. */
  localEnded = false;
  /** The peer said all. */
  remoteEnded = false;
  /** We sent the (final) header block. */
  headersSent = false;
  /** The peer's (final) header block came. */
  headersReceived = false;
  /** @internal How many 1xx came. */
  interimAnswers = 0;
  /** The answer has no body: the request is HEAD. */
  isHead = false;

  /** Bytes that write() took and that wait for a window or the socket. */
  queuedBytes = 0;
  /** @internal What waits. */
  queue: PieceQueue | undefined = undefined;
  queuedTrailers: HeaderBlock | undefined = undefined;
  /** @internal Its place in a WaitingList. */
  isWaiting = false;
  waitsBehind: Stream | undefined = undefined;
  waitsBefore: Stream | undefined = undefined;
  /** @internal Our END_STREAM is out. */
  endSent = false;
  /** @internal How much we may send. */
  sendWindow: number;

  /** @internal How much the peer may still send. */
  receiveWindow: number;
  /** @internal Received, not consumed. */
  unconsumedBytes = 0;
  /** @internal Consumed, not credited to the peer yet. */
  creditBytes = 0;
  /** @internal What content-length leaves to come; -1: it said nothing. */
  expectedBytes = -1;
  /** @internal What small DATA frames that wait here cost the budget. */
  smallDataCost = 0;

  /** @internal The stall watch: when it began, and what was left to send. */
  stallSinceMs = 0;
  stallSentBytes = 0;
  sentBytes = 0;
  /** @internal Since when the rest of a request comes that was answered. */
  unreadSinceMs = 0;

  /** @internal The work behind it goes on. */
  isHeld = false;
  /** @internal Counts among the connection's concurrent streams. */
  hasSlot = true;

  readonly #owner: StreamOwner;

  /** @internal */
  constructor(
    owner: StreamOwner,
    id: number,
    sendWindow: number,
    receiveWindow: number,
  ) {
    this.#owner = owner;
    this.id = id;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
  }

  /** Server role: send the answer's header block. */
  respond(headers: HeaderBlock, endStream = false): void {
    if (this.closed || this.headersSent) return;
    this.#owner.sendHeaders(this, headers, endStream);
  }

  /** Server role: send an interim answer, `:status` 1xx. */
  inform(headers: HeaderBlock): void {
    if (this.closed || this.headersSent) return;
    this.#owner.sendInformation(this, headers);
  }

  /**
   * Send a piece of the body. Returns false when some of it has to wait:
   * onSent() tells when it left, and so does `queuedBytes`. Nothing is refused,
   * but whoever goes on writing fills the memory. Don't change `data`
   * afterwards: large pieces are kept by reference. What onData() got may be
   * passed on as it is.
   */
  write(data: Uint8Array, endStream = false): boolean {
    if (this.closed || this.localEnded) return true;
    return this.#owner.sendData(this, data, endStream);
  }

  /** Say that this was all, with trailers if there are any. */
  end(trailers?: HeaderBlock): void {
    if (this.closed || this.localEnded) return;
    this.#owner.sendEnd(this, trailers);
  }

  /** Give the stream up: RST_STREAM. onClose() is called at once. */
  reset(code: number): void {
    if (!this.closed) this.#owner.reset(this, code);
  }

  /** Say that so many bytes of the body are dealt with: the peer may send more. */
  consume(bytes: number): void {
    if (!this.closed) this.#owner.consumed(this, bytes);
  }

  /**
   * Keep the stream's place among the concurrent ones, until release(): a peer
   * who resets streams must not be able to start more work than one who waits.
   */
  hold(): void {
    this.isHeld = true;
  }

  /** The work that hold() announced has ended. */
  release(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    if (this.closed) this.#owner.released(this);
  }
}

const ignoring: StreamHandler = {
  onData: (stream, data) => stream.consume(data.length),
  onTrailers() {},
  onSent() {},
  onClose() {},
};
