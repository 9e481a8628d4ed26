// What becomes of the rest of a request whose response is complete.
//
// Node takes care of a body that nobody touched. One that a handler left
// half-read stays where it is: over HTTP/1.1 the next request of the
// connection waits behind it for ever, over HTTP/2 the stream stays open.

import type { IncomingMessage, ServerResponse } from "node:http";
import {
  constants,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";

/** How long a caller may take to send the rest, in milliseconds. */
const TIMEOUT_MS = 30_000;

/**
 * Read an HTTP/1.1 request to its end once its response is out. Cuts the
 * connection off if that takes too long.
 */
export function readAwayUnread(
  request: IncomingMessage,
  response: ServerResponse,
): void {
  // A request that was destroyed has none any more.
  const { socket } = request;
  response.once("finish", () => {
    if (request.complete || socket.destroyed) return;
    const timeout = setTimeout(() => socket.destroy(), TIMEOUT_MS).unref();
    // A stream that its reader destroyed takes nothing any more, and stops
    // the socket with every chunk: what is pushed must not reach it.
    request.push = (chunk) => {
      if (chunk === null) clearTimeout(timeout);
      return true;
    };
    socket.resume();
  });
}

/**
 * Tell the peer not to send the rest of an HTTP/2 request once its response is
 * out. RFC 9113, section 8.1: a reset with NO_ERROR.
 */
export function resetUnread(
  request: Http2ServerRequest,
  response: Http2ServerResponse,
): void {
  const { stream } = response;
  stream.once("wantTrailers", () => {
    // The trailers, if only an empty list, leave a turn later.
    setImmediate(() => {
      if (!request.complete) stream.close(constants.NGHTTP2_NO_ERROR);
    });
  });
}
