// Tells a connection of node:http that broke from everything else that ends a
// call.
//
// connect-node reports it as "canceled" or "aborted", or as "internal" with an
// error of Node behind it. Nobody cancelled anything, though: the instance can't
// be reached, which is "unavailable", and the caller may look for another.

import { Code, ConnectError } from "@connectrpc/connect";

// What Node calls a connection that can't be used (any more).
const BROKEN: ReadonlySet<unknown> = new Set([
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ETIMEDOUT",
]);

/** The system calls before which nothing can have been sent. */
const OPENING: ReadonlySet<unknown> = new Set(["connect", "getaddrinfo"]);

/** How the codes begin of what fails TLS, its handshake above all. */
const TLS =
  /^(?:ERR_TLS_|ERR_SSL_|ERROR_IN_C|UNABLE_TO_|CERT_|CRL_|SELF_|DEPTH_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_|PATH_)/;

/**
 * The error to give to the caller for what ended a call on the instance at
 * `address`. `signal` is the call's: it is aborted if the caller gave up.
 */
export function toCallError(
  reason: unknown,
  signal: AbortSignal | undefined,
  address: string,
): ConnectError {
  const error = ConnectError.from(reason);
  if (signal?.aborted || error.isWireError || !isBroken(error)) return error;
  return new ConnectError(
    `the connection to ${address} broke: ${error.rawMessage}`,
    Code.Unavailable,
    undefined,
    undefined,
    reason,
  );
}

/**
 * Whether a connection could not be opened at all. Errors of TLS don't tell: they
 * come in the middle of an answer, too.
 */
export function isUnreached(reason: unknown): boolean {
  return chain(reason).some(
    (error) => "syscall" in error && OPENING.has(error.syscall),
  );
}

function isBroken(error: ConnectError): boolean {
  if (error.code === Code.Canceled || error.code === Code.Aborted) return true;
  if (isUnreached(error)) return true;
  return chain(error).some(
    (cause) =>
      "code" in cause &&
      (BROKEN.has(cause.code) || TLS.test(String(cause.code))),
  );
}

/** An error, and the errors behind it. */
function chain(reason: unknown): Error[] {
  const errors: Error[] = [];
  for (let at = reason; at instanceof Error; at = at.cause) {
    if (errors.includes(at)) break;
    errors.push(at);
  }
  return errors;
}
