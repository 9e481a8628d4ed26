// Tells a connection that broke from everything else that ends a call.
//
// connect-node reports it as "canceled" or "aborted", or as "internal" with an
// error of Node behind it. Nobody cancelled anything, though: the instance can't
// be reached, which is "unavailable", and the caller may look for another.

import { Code, ConnectError } from "@connectrpc/connect";

// What node:net and node:http2 call a connection that can't be used (any more).
const NODE_CODES: ReadonlySet<unknown> = new Set([
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "ERR_HTTP2_GOAWAY_SESSION",
  "ERR_HTTP2_INVALID_SESSION",
  "ERR_HTTP2_INVALID_STREAM",
  "ERR_HTTP2_SESSION_ERROR",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ETIMEDOUT",
]);

/**
 * The error to give to the caller for what ended a call on the instance at
 * `address`. `signal` is the call's: it is aborted if the caller gave up.
 */
export function toCallError(
  reason: unknown,
  signal: AbortSignal,
  address: string,
): ConnectError {
  const error = ConnectError.from(reason);
  if (signal.aborted || error.isWireError || !isBroken(error)) return error;
  return new ConnectError(
    `the connection to ${address} broke: ${error.rawMessage}`,
    Code.Unavailable,
    undefined,
    undefined,
    reason,
  );
}

function isBroken(error: ConnectError): boolean {
  if (error.code === Code.Canceled || error.code === Code.Aborted) return true;
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ("code" in at && NODE_CODES.has(at.code)) return true;
    // The only trace of a stream that the other side did not take on.
    if (at.message.includes("NGHTTP2_REFUSED_STREAM")) return true;
    if (at.cause === at) break;
  }
  return false;
}
