// connectNodeAdapter() with two corrections, each of which a caller would
// otherwise feel: a broken authority ends the process, and @grpc/grpc-js shows
// error messages with "%3A" for ":".

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { percentEncode } from "../rpc/index.ts";
import type {
  HttpRequest,
  HttpResponse,
  RequestHandler,
} from "../wire/index.ts";

/** Stands for an authority that is none; reserved by RFC 2606. */
const NO_AUTHORITY = "invalid";

/**
 * Create the handler that runs Connect's routes.
 */
export function createNodeAdapter(
  options: Parameters<typeof connectNodeAdapter>[0],
): RequestHandler {
  const handler = connectNodeAdapter(options);
  return (request, response) => {
    repairAuthority(request);
    encodeMessagesMinimally(response);
    handler(request, response);
  };
}

/**
 * The adapter makes a URL of the authority, and throws where nobody catches if
 * that can't be done. node:http2's own client sends one like that: an IPv6
 * address without brackets. A request may also have none.
 */
function repairAuthority(request: HttpRequest): void {
  const headers: IncomingHttpHeaders & { ":authority"?: string | undefined } =
    request.headers;
  const authority = headers[":authority"] ?? headers.host ?? "";
  if (URL.canParse(`http://${authority}`)) return;
  if (request.httpVersionMajor < 2) headers.host = NO_AUTHORITY;
  else headers[":authority"] = NO_AUTHORITY;
}

/**
 * Connect percent-encodes a gRPC message with encodeURIComponent(), @grpc/grpc-js
 * decodes it with decodeURI(), which leaves ":", "/", "," and some more encoded.
 * Encoded only where gRPC requires it, every client reads it right.
 */
function encodeMessagesMinimally(response: HttpResponse): void {
  const addTrailers: (trailers: OutgoingHttpHeaders) => void =
    response.addTrailers.bind(response);
  response.addTrailers = (trailers: OutgoingHttpHeaders) => {
    const message = trailers["grpc-message"];
    if (typeof message === "string") {
      trailers["grpc-message"] = percentEncode(decodeURIComponent(message));
    }
    addTrailers(trailers);
  };
}
