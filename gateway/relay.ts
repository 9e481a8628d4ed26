// Passes one call on to an instance, in the protocol the caller speaks, with
// back-pressure both ways. Messages are never parsed; an error is authored
// here only when the instance can't be reached or breaks off.

import {
  type ClientHttp2Stream,
  constants,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  createEnvelopeTracker,
  encodeErrorAnswer,
  encodeLateError,
  mediaType,
  parseProtocol,
} from "../rpc/index.ts";
import { headOf, isGone, sendAnswer } from "../runtime/index.ts";
import type { HttpRequest, HttpResponse } from "../wire/index.ts";
import { exposeHeaders, mergeVary } from "./cors.ts";
import { toCallerHeaders } from "./headers.ts";

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants;
const { NGHTTP2_FLAG_END_STREAM } = constants;

/** One call on its way. */
export interface RelayOptions {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  /** The stream to the instance, its header fields sent. */
  readonly upstream: ClientHttp2Stream;
  /** What a message to the caller calls the instance; not its address. */
  readonly instanceName: string;
  /** Told when the instance failed the call. */
  readonly onFailure: (reason: string) => void;
}

/**
 * Relay a call until both sides are done.
 */
export function relay(options: RelayOptions): void {
  const { request, response, upstream } = options;
  const head = headOf(request);
  const protocol = parseProtocol(head);
  const tracker = createEnvelopeTracker();
  let trailers: IncomingHttpHeaders | undefined;
  let ended = false;
  let reason = "it broke off";

  const respond = (
    headers: IncomingHttpHeaders & IncomingHttpStatusHeader,
    flags: number,
  ) => {
    if (isGone(response)) return;
    const callerHeaders = toCallerHeaders(headers);
    const head = { status: headers[":status"] ?? 502, headers: callerHeaders };
    const isAll = (flags & NGHTTP2_FLAG_END_STREAM) !== 0;
    try {
      exposeHeaders(response, Object.keys(callerHeaders));
      mergeVary(response, callerHeaders);
      if (isAll) sendHead(response, head);
      else writeHead(response, head);
    } catch {
      // HTTP/2 let something through that Node won't write: the instance's fault.
      reason = "it sent header fields that can't be passed on";
      upstream.close(NGHTTP2_CANCEL);
      return;
    }
    if (isAll) ended = true;
    else upstream.pipe(response, { end: false });
  };

  const finish = () => {
    // A reset stream "ends" too; "close" tells about it.
    if (ended || upstream.rstCode !== NGHTTP2_NO_ERROR) return;
    if (protocol === "grpc" && trailers === undefined) {
      reason = "it ended without a status";
      return fail();
    }
    ended = true;
    if (trailers !== undefined && response instanceof Http2ServerResponse)
      response.addTrailers(toCallerHeaders(trailers));
    response.end();
  };

  const fail = () => {
    if (isGone(response)) return;
    ended = true;
    options.onFailure(reason);
    const message = `${options.instanceName} failed the call: ${reason}`;
    const error = new ConnectError(message, Code.Unavailable);
    if (!response.headersSent) {
      sendAnswer(request, response, encodeErrorAnswer(error, protocol, head));
      return;
    }
    upstream.unpipe(response);
    const late = encodeLateError(error, protocol, head.contentType);
    if (late === undefined) return cutOff(response);
    if ("body" in late) {
      if (isText(head.contentType) || !tracker.atBoundary)
        return cutOff(response);
      response.end(late.body);
      return;
    }
    response.addTrailers(late.trailers);
    response.end();
  };

  upstream.on("response", respond);
  upstream.on("trailers", (fields) => {
    trailers = fields;
  });
  if (protocol === "connect-stream" || protocol === "grpc-web")
    upstream.on("data", (chunk: Buffer) => tracker.push(chunk));
  upstream.on("end", finish);
  upstream.on("error", (error: NodeJS.ErrnoException) => {
    reason = describe(error);
  });
  upstream.on("close", () => {
    if (!ended) return fail();
    // It answered without wanting the whole request: what is left of it is
    // read away. (Resetting the stream could overtake our own trailers.)
    request.unpipe(upstream);
    request.resume();
  });

  // A caller that hangs up shows as "close" of the response.
  request.on("error", () => {});
  response.on("close", () => {
    ended = true;
    // Never with NO_ERROR: while a body waits for its window, Node 24 then
    // sends frames in an endless loop.
    if (!upstream.closed) upstream.close(NGHTTP2_CANCEL);
  });
  if (hasBody(request)) request.pipe(upstream);
}

/**
 * Tell whether a request has a body; an HTTP/2 stream to an instance is
 * half-closed at once where there is none.
 */
export function hasBody(request: HttpRequest): boolean {
  if (request instanceof Http2ServerRequest)
    return !request.stream.endAfterHeaders;
  const { headers } = request;
  return (
    headers["transfer-encoding"] !== undefined ||
    (headers["content-length"] ?? "0") !== "0"
  );
}

/** The status and the header fields of a response. */
interface Head {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
}

/** Send header fields that are the whole response: gRPC's trailers-only form. */
function sendHead(response: HttpResponse, head: Head): void {
  if (response instanceof Http2ServerResponse) {
    response.stream.respond(
      { ...response.getHeaders(), ":status": head.status, ...head.headers },
      { endStream: true },
    );
    return;
  }
  writeHead(response, head);
  response.end();
}

function writeHead(response: HttpResponse, { status, headers }: Head): void {
  // The two classes' overloads have no common one.
  if (response instanceof Http2ServerResponse)
    response.writeHead(status, headers);
  else response.writeHead(status, headers);
}

/** End a response so that the caller can't take it for a complete one. */
function cutOff(response: HttpResponse): void {
  if (response instanceof Http2ServerResponse)
    response.stream.close(NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}

function isText(contentType: string | undefined): boolean {
  return mediaType(contentType).startsWith("application/grpc-web-text");
}

/** Why a stream failed, without the address of the instance. */
function describe(error: NodeJS.ErrnoException): string {
  // A stream that still waits for its connection is cancelled because of that.
  const origin: NodeJS.ErrnoException =
    error.cause instanceof Error ? error.cause : error;
  switch (origin.code) {
    case "ECONNREFUSED":
      return "it refused the connection";
    case "ECONNRESET":
    case "EPIPE":
      return "the connection broke";
    case "ERR_HTTP2_STREAM_ERROR":
      return "it reset the stream";
    default:
      return origin.code ?? "the connection failed";
  }
}
