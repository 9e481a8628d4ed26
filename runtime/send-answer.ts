// Writes a whole answer at once, whatever of the request's body has come. What
// still comes is dropped by whoever handles the stream; one that has no handler
// drops it itself.

import type { Answer } from "../rpc/index.ts";
import type { ServerStream } from "../wire/index.ts";
import { createAnswerHead } from "./answer-head.ts";

/**
 * Send an answer. Does nothing if the caller is gone or was answered before.
 */
export function sendAnswer(stream: ServerStream, answer: Answer): void {
  if (stream.headersSent || stream.closed) return;
  const { status, headers, body } = answer;
  const head = createAnswerHead(status, Object.entries(headers));
  stream.respond(head, body === undefined);
  if (body !== undefined) stream.write(body, true);
}
