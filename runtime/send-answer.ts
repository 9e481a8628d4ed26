// Writes a whole answer at once and lets go of the request's body: whoever is
// refused needs not send the rest.

import { constants, Http2ServerResponse } from "node:http2";
import type { Answer } from "../rpc/index.ts";
import type { HttpRequest, HttpResponse } from "../wire/index.ts";

/** A body up to this size is cheaper to read than a new connection is. */
const READ_AWAY_BYTES = 64 << 10;

/**
 * Send an answer. Does nothing if the caller is gone or was answered before.
 */
export function sendAnswer(
  request: HttpRequest,
  response: HttpResponse,
  answer: Answer,
): void {
  if (response.headersSent || isGone(response)) return;
  if (response instanceof Http2ServerResponse) {
    const { stream } = response;
    stream.respond(
      {
        // What was set before for whoever answers, the compat API keeps apart.
        ...response.getHeaders(),
        ":status": answer.status,
        ...answer.headers,
      },
      { endStream: answer.body === undefined },
    );
    if (answer.body !== undefined) stream.end(answer.body);
    // RFC 9113, section 8.1: a complete response may end the request early.
    stream.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR));
    return;
  }
  // HTTP/1.1 can't stop a body but by closing; a small one is read away.
  const length = Number(request.headers["content-length"] ?? Number.NaN);
  const chunked = request.headers["transfer-encoding"] !== undefined;
  if (chunked || length > READ_AWAY_BYTES)
    response.setHeader("connection", "close");
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
  request.resume();
}

/**
 * Tell whether nobody is there any more to take a response.
 */
export function isGone(response: HttpResponse): boolean {
  // The compat API of node:http2 lacks the property `destroyed`.
  return response instanceof Http2ServerResponse
    ? response.stream.destroyed || response.stream.closed
    : response.destroyed;
}
