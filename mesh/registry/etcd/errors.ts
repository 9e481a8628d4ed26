// Translates what goes wrong with etcd. Nobody else looks into such errors.
//
// gRPC tells nearly everything in words only, so words are what is looked for.

import { EtcdLeaseInvalidError } from "etcd3";
import { errorMessage, PortolanError } from "../../../core/index.ts";

const TOKEN_TEXT = "etcdserver: invalid auth token";

/**
 * Tell whether etcd says that the lease does not exist (any more).
 */
export function isLeaseGone(error: unknown): boolean {
  return error instanceof EtcdLeaseInvalidError;
}

/**
 * Tell whether etcd says that there is a lease with this id already.
 */
export function isLeaseTaken(error: unknown): boolean {
  return error instanceof Error && /lease already exists/.test(error.message);
}

/**
 * The error for a lease that does not exist (any more).
 */
export function leaseGone(leaseId: string): Error {
  return new EtcdLeaseInvalidError(leaseId);
}

/**
 * Tell whether a call was refused for the token that came with it, or for
 * having none.
 */
export function isTokenRefused(error: unknown): boolean {
  return /16 UNAUTHENTICATED|invalid auth token|user name is empty|revision of auth store is old/.test(
    errorMessage(error),
  );
}

/**
 * Tell whether a login failed since etcd does not ask for any.
 */
export function isAuthOff(error: unknown): boolean {
  return errorMessage(error).includes("authentication is not enabled");
}

/**
 * The details of a status, worded so that etcd3 does not act on them.
 */
export function withoutTokenText(details: string): string {
  return details.replace(TOKEN_TEXT, "etcd does not accept the token");
}

/**
 * What was asked of whom.
 */
export interface FailureContext {
  /** "host:port" of the member. */
  readonly host: string;
  /** Whether it was asked over TLS. */
  readonly tls: boolean;
  /** undefined if none was given. */
  readonly user: string | undefined;
  /** What all keys begin with. */
  readonly prefix: string;
}

/**
 * Any failure of a request or a stream as one of our errors.
 */
export function toRegistryError(
  reason: unknown,
  context?: FailureContext,
): PortolanError {
  if (reason instanceof PortolanError) return reason;
  const text = tidy(errorMessage(reason));
  const where = context === undefined ? "etcd" : `etcd at ${context.host}`;
  const denial = context && explainDenial(text, context);
  const hint = HINTS.find(([words]) => words.test(text))?.[1];
  const why = denial ?? hint ?? explainUnavailable(text, context);
  return new PortolanError(
    denial === undefined ? "ERR_REGISTRY_UNAVAILABLE" : "ERR_REGISTRY_DENIED",
    why === undefined ? `${where}: ${text}` : `${where} ${why} (${text})`,
    { cause: reason },
  );
}

// gRPC's words on one line, without what changes each time and says nothing.
function tidy(text: string): string {
  return text
    .replace(/\s*\(\d{4}-\d\d-\d\dT[\d:.]+Z\)/g, "")
    .replace(/\.? Resolution note:\s*$/, "")
    .replace(/\s+/g, " ")
    .trim();
}

function explainDenial(
  text: string,
  { user, prefix }: FailureContext,
): string | undefined {
  const who = user === undefined ? "us" : `the user "${user}"`;
  if (text.includes("permission denied")) {
    return `denies ${who} the keys under ${prefix}`;
  }
  if (text.includes("authentication failed")) {
    return `does not accept ${who} with this password`;
  }
  if (!isTokenRefused(text)) return undefined;
  return user === undefined ? "asks for a user and password" : `denies ${who}`;
}

// In the words of OpenSSL, Node and gRPC; the first that matches counts.
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/DEADLINE_EXCEEDED/, "did not answer in time"],
  [
    /alert (?:bad certificate|certificate required|unknown ca|certificate expired)/,
    "asks for a client certificate that it trusts",
  ],
  [/certificate has expired/, "shows a certificate that has expired"],
  [/certificate is not yet valid/, "shows a certificate that is not valid yet"],
  [/altnames/, "shows a certificate for another name"],
  [
    /unable to (?:verify|get)\b.*certificate|self-signed certificate/,
    "shows a certificate of an authority that we do not trust",
  ],
  [
    /before secure TLS connection|wrong version number|packet length too long/,
    "does not answer over TLS",
  ],
];

// Which of the two it is, is a matter of who is faster.
const CLOSED_AT_ONCE =
  /Last error: (?:Error: )?(?:Failed to connect|read ECONNRESET)/;

function explainUnavailable(
  text: string,
  context: FailureContext | undefined,
): string | undefined {
  if (CLOSED_AT_ONCE.test(text)) {
    const maybe = context?.tls ? "it does not answer over TLS" : "it wants TLS";
    return `closes connections at once: maybe ${maybe}`;
  }
  return /14 UNAVAILABLE/.test(text) ? "can't be reached" : undefined;
}
