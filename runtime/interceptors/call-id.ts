// The id that ties the log lines of all processes a call went through
// together. It travels in the header "x-request-id", as most proxies have it.

import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";

/**
 * The header that carries a call's id, in requests and in responses.
 */
export const CALL_ID_HEADER = "x-request-id";

/**
 * The id the caller gave, if it is 1 to 128 visible ASCII characters, else a
 * new random one: what a stranger sends goes into logs only if it is harmless.
 */
export function resolveCallId(header: Headers): string {
  const given = header.get(CALL_ID_HEADER) ?? "";
  return /^[\x21-\x7e]{1,128}$/.test(given) ? given : randomUUID();
}

/**
 * The error to answer a call with, its id included. What is not a ConnectError
 * becomes "internal error", as Connect itself would say it.
 *
 * A copy, since a handler may throw one and the same error in many calls.
 */
export function addCallId(failure: unknown, callId: string): ConnectError {
  if (!(failure instanceof ConnectError)) {
    const metadata = { [CALL_ID_HEADER]: callId };
    const message = "internal error";
    return new ConnectError(message, Code.Internal, metadata, [], failure);
  }
  // Headers of an answer that this service got from another one are that
  // one's business: Connect doesn't pass them on either.
  const metadata = new Headers(failure.isWireError ? {} : failure.metadata);
  metadata.set(CALL_ID_HEADER, callId);
  const { rawMessage, code, details } = failure;
  const copy = new ConnectError(rawMessage, code, metadata, [], failure);
  copy.details = details;
  return copy;
}
