// Reads away what is left of a request whose response is complete.
//
// Node does so only for a body that nobody touched. One that a handler left
// half-read stays where it is: over HTTP/1.1 the next request of the
// connection waits behind it for ever, over HTTP/2 the stream stays open. To
// end it at once would be shorter, but a caller who still sends then sees a
// broken connection or stream, and not the answer (curl 7.88 for one).

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
export function readAwayHttp1(
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
 * Read an HTTP/2 request to its end once its response is out. Resets the
 * stream if that takes too long; RFC 9113, section 8.1.
 */
export function readAwayHttp2(
  request: Http2ServerRequest,
  response: Http2ServerResponse,
): void {
  const { stream } = response;
  stream.once("finish", () => {
    if (request.complete || stream.destroyed) return;
    const timeout = setTimeout(() => {
      stream.close(constants.NGHTTP2_NO_ERROR);
    }, TIMEOUT_MS).unref();
    stream.once("close", () => clearTimeout(timeout));
    // Those who listen stop the stream when nobody takes what they got.
    stream.removeAllListeners("data").resume();
  });
}
