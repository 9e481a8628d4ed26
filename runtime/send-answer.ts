// Writes a whole answer at once, whatever of the request's body has come: over
// HTTP/2, whoever is refused needs not send the rest.

import { Http2ServerResponse } from "node:http2";
import type { Answer } from "../rpc/index.ts";
import type { HttpRequest, HttpResponse } from "../wire/index.ts";

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
    return;
  }
  // HTTP/1.1 can't stop a body but by closing, and a caller who still sends
  // then sees a broken connection, not the answer: the rest is read away.
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
