// Reads away what is left of an HTTP/1.1 request whose response is complete.
//
// Node does so only for a body that nobody touched. One that a handler left
// half-read stays in the socket, and the next request of the connection waits
// behind it for ever.

import type { IncomingMessage, ServerResponse } from "node:http";

/** How long a caller may take to send the rest, in milliseconds. */
const TIMEOUT_MS = 30_000;

/**
 * Read a request to its end once its response is out, or cut the connection
 * off if that takes too long.
 */
export function readAwayAfter(
  response: ServerResponse,
  request: IncomingMessage,
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
