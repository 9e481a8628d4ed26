// Which header fields pass through a proxy, and which concern one hop only.
// RFC 9110, section 7.6.1; RFC 9113, sections 8.2.2 and 8.3.

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import type { HttpRequest } from "../wire/index.ts";

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "expect",
  "host",
]);

/**
 * The header fields to send to an instance over HTTP/2 for a request that
 * came in over either version.
 */
export function toUpstreamHeaders(request: HttpRequest): OutgoingHttpHeaders {
  const { headers } = request;
  const upstream = passThrough(headers);
  upstream[":method"] = request.method;
  upstream[":path"] = request.url;
  upstream[":scheme"] = "http";
  upstream[":authority"] = authorityOf(headers);
  // gRPC servers refuse a call without it.
  if (/\btrailers\b/i.test(String(headers["te"] ?? "")))
    upstream["te"] = "trailers";
  return upstream;
}

// A caller over HTTP/1.1 may send any bytes as its host. As an authority they
// would be an invalid frame, for which an instance ends the connection that
// all callers share. RFC 3986, section 3.2: host and port, without user.
const AUTHORITY = /^[\w.~!$&'()*+,;=%:[\]-]+$/;

function authorityOf(headers: IncomingHttpHeaders): string {
  const given = headers[":authority"] ?? headers.host ?? "";
  return AUTHORITY.test(given) ? given : "invalid";
}

/**
 * The header fields to send to the caller. The decision about other origins
 * is the gateway's: an instance's own would contradict it.
 */
export function toCallerHeaders(
  response: IncomingHttpHeaders,
): OutgoingHttpHeaders {
  const caller = passThrough(response);
  for (const name of Object.keys(caller))
    if (name.startsWith("access-control-")) delete caller[name];
  return caller;
}

function passThrough(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const listed = String(headers["connection"] ?? "")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim());
  const passed: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":") || HOP_BY_HOP.has(name) || listed.includes(name))
      continue;
    passed[name] = value;
  }
  return passed;
}
