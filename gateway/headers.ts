// Which header fields pass through a proxy, and which concern one hop only.
// RFC 9110, section 7.6.1; RFC 9113, sections 8.2.2 and 8.3.
//
// Fields are handed on as the objects they are: what a sender said of one (not
// to be indexed, because it is a secret) holds on the next hop, too.

import {
  createHeaderBlock,
  type HeaderBlock,
  HeaderField,
} from "../wire/index.ts";

/** `wire` takes out, or refuses, what belongs to an HTTP/1.1 connection. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "http2-settings",
  "expect",
  "host",
]);

const schemeHttp = new HeaderField(":scheme", "http");
const teTrailers = new HeaderField("te", "trailers");
const noAuthority = new HeaderField(":authority", "invalid");

/**
 * The header fields to send to an instance for a request, whatever version of
 * HTTP it came in over.
 */
export function toUpstreamHeaders(request: HeaderBlock): HeaderBlock {
  const pseudo: HeaderField[] = [];
  const regular: HeaderField[] = [];
  let authority: HeaderField | undefined;
  let host = "";
  for (const field of request.fields) {
    if (field.name === ":authority") authority = field;
    else if (field.name === ":method" || field.name === ":path")
      pseudo.push(field);
    else if (field.name === "host") host = field.value;
    // gRPC servers refuse a call without it.
    else if (field.name === "te") regular.push(teTrailers);
    else if (isPassed(field)) regular.push(field);
  }
  authority ??= new HeaderField(":authority", host);
  if (!AUTHORITY.test(authority.value)) authority = noAuthority;
  return createHeaderBlock([schemeHttp, authority, ...pseudo, ...regular]);
}

// Callers send all sorts of bytes as their host, for which an instance may end
// the connection that all callers share. RFC 3986, section 3.2: host and port,
// without user.
const AUTHORITY = /^[\w.~!$&'()*+,;=%:[\]-]+$/;

/** The same for the trailers of a request; undefined if none are left. */
export function toUpstreamTrailers(
  trailers: HeaderBlock,
): HeaderBlock | undefined {
  const fields = trailers.fields.filter(isPassed);
  return fields.length === 0 ? undefined : createHeaderBlock(fields);
}

/**
 * The header fields to send to the caller for those of an instance's response,
 * or for its trailers. What was made of a block is kept with it.
 *
 * The decision about other origins is the gateway's: an instance's own would
 * contradict it.
 */
export function toCallerHeaders(response: HeaderBlock): HeaderBlock {
  if (response.derived instanceof ForCaller) return response.derived.block;
  const block = createHeaderBlock(response.fields.filter(isForCaller));
  response.derived = new ForCaller(block);
  return block;
}

/** Tells what we derived from what somebody else did. */
class ForCaller {
  readonly block: HeaderBlock;

  constructor(block: HeaderBlock) {
    this.block = block;
  }
}

function isForCaller(field: HeaderField): boolean {
  if (field.name === ":status") return true;
  return isPassed(field) && !field.name.startsWith("access-control-");
}

function isPassed({ name }: HeaderField): boolean {
  return !name.startsWith(":") && !HOP_BY_HOP.has(name);
}
