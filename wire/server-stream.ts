// A request and its answer as a server sees them, over HTTP/2 or HTTP/1.1.
//
// HTTP/2 streams are what the engine makes; an HTTP/1.1 request is dressed as
// one (http1-stream.ts). Whoever answers requests is written once.

import type { ClosedBy } from "./closed-by.ts";
import type { HeaderBlock } from "./header-block.ts";

/**
 * Receives what happens on one stream of a server.
 */
export interface ServerStreamHandler {
  /**
   * A piece of the body; it may be empty when the body ends. Whoever takes it
   * owes stream.consume(data.length). It is valid only during the call: pass
   * it to another stream's write(), read it, or keep what keepBytes() makes of
   * it.
   */
  onData(stream: ServerStream, data: Buffer, endStream: boolean): void;

  /** Trailers. They end the request. */
  onTrailers(stream: ServerStream, trailers: HeaderBlock): void;

  /** So many bytes that write() had queued are on their way now. */
  onSent(stream: ServerStream, bytes: number): void;

  /**
   * The last call, exactly one. The code is NO_ERROR when both sides have
   * ended; `stream.closedBy` tells more.
   */
  onClose(stream: ServerStream, code: number): void;
}

/**
 * A request's stream. All methods do nothing once it is closed.
 */
export interface ServerStream {
  readonly httpVersion: 1 | 2;
  /** Told what happens; set before onRequest() returns. */
  handler: ServerStreamHandler;
  /** For whoever handles the stream. */
  context: unknown;

  readonly closed: boolean;
  readonly closedBy: ClosedBy | undefined;
  /** We said all, or what is left waits. */
  readonly localEnded: boolean;
  /** The caller said all. */
  readonly remoteEnded: boolean;
  /** The answer's header block is out. */
  readonly headersSent: boolean;
  /** Bytes that write() took and that wait. */
  readonly queuedBytes: number;

  /** Send the answer's header block: `:status` first, no connection headers. */
  respond(headers: HeaderBlock, endStream?: boolean): void;
  /** Send an interim answer, `:status` 1xx. */
  inform(headers: HeaderBlock): void;
  /**
   * Send a piece of the body. Returns false when some of it has to wait;
   * onSent() tells when it left. Don't change `data` afterwards.
   */
  write(data: Uint8Array, endStream?: boolean): boolean;
  /**
   * Say that this was all. Trailers reach an HTTP/1.1 caller only if it said
   * `te: trailers`.
   */
  end(trailers?: HeaderBlock): void;
  /**
   * Give up: RST_STREAM, or the end of the connection over HTTP/1.1, which has
   * no other way. onClose() is called at once.
   */
  reset(code: number): void;
  /** So many bytes of the body are dealt with: the caller may send more. */
  consume(bytes: number): void;
  /**
   * Keep the place among the caller's concurrent streams until release(), so
   * that resetting streams doesn't start more work than waiting for them.
   */
  hold(): void;
  release(): void;
}

/** Takes a request. `endStream` says that it has no body. */
export type RequestHandler = (
  stream: ServerStream,
  headers: HeaderBlock,
  endStream: boolean,
) => void;

/** For streams that nobody handles. */
export const ignoring: ServerStreamHandler = {
  onData: (stream, data) => stream.consume(data.length),
  onTrailers() {},
  onSent() {},
  onClose() {},
};
