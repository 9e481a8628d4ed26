// Takes requests from node:http, and hands them on as streams, one at a time.
//
// node:http starts the requests that a caller sends one after another all at
// once, and only keeps their answers in order. So one connection could start
// any number of calls; here the next one begins when the one before is done.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { HeaderBlock } from "./header-block.ts";
import { toRequestBlock } from "./http1-headers.ts";
import { Http1Stream } from "./http1-stream.ts";
import type { Limits } from "./limits.ts";
import type { RequestHandler } from "./server-stream.ts";
import { countViolation, type Violation, type WireStats } from "./stats.ts";

/** What is done with the requests of a listener. */
export interface Http1HandlerOptions {
  readonly onRequest: RequestHandler;
  readonly limits: Limits;
  readonly stats: WireStats;
  readonly scheme: "http" | "https";
  /** Whether answers ask callers to go. */
  readonly isDraining: () => boolean;
  /** An answer is out, or its caller is gone. */
  readonly onAnswered: () => void;
}

/** Takes what an http.Server tells. */
export interface Http1Handler {
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  /** What came is no request, or one that took too long. */
  onClientError(error: Error & { code?: string }, socket: Socket): void;
}

/** What node:http says of requests that are beyond a limit. */
const EXCESSES: Readonly<Record<string, [status: string, limit: Violation]>> = {
  HPE_HEADER_OVERFLOW: [
    "431 Request Header Fields Too Large",
    "maxHeaderListBytes",
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "headersTimeoutMs"],
};

/** Blocks that are larger aren't remembered: a connection may be idle. */
const MAX_KNOWN_BYTES = 4_096;

/** What is known of a connection. */
class Line {
  /** The requests that wait for the one that is being answered. */
  readonly waiting: (() => void)[] = [];
  isBusy = false;
  /** The answer that is being given, or was last. */
  answer: ServerResponse | undefined;
  /** The request is dealt with: the next one's turn. */
  readonly onDone: () => void;
  /** What the last request said, and what its block was. */
  #last: Said | undefined;
  #block: HeaderBlock | undefined;

  constructor(socket: Socket) {
    this.onDone = () => {
      const next = this.waiting.shift();
      if (next === undefined) this.isBusy = false;
      else if (!socket.destroyed) next();
    };
  }

  /** A request's block: the same again if it says the same as the last one. */
  blockOf(request: IncomingMessage, scheme: string): HeaderBlock | undefined {
    if (this.#block !== undefined && isSame(request, this.#last))
      return this.#block;
    const block = toRequestBlock(request, scheme);
    const isSmall = block !== undefined && block.size <= MAX_KNOWN_BYTES;
    this.#block = isSmall ? block : undefined;
    const { url, method, rawHeaders } = request;
    this.#last = isSmall
      ? { ...(url && { url }), ...(method && { method }), rawHeaders }
      : undefined;
    return block;
  }
}

type Said = Pick<IncomingMessage, "url" | "method" | "rawHeaders">;

function isSame(one: Said, other: Said | undefined): boolean {
  if (other?.url !== one.url || other?.method !== one.method) return false;
  const fields = one.rawHeaders;
  const others = other?.rawHeaders ?? [];
  if (fields.length !== others.length) return false;
  for (let i = 0; i < fields.length; i++)
    if (fields[i] !== others[i]) return false;
  return true;
}

/**
 * Create a handler for an http.Server.
 */
export function createHttp1Handler(options: Http1HandlerOptions): Http1Handler {
  const { onRequest, limits, stats, scheme, isDraining, onAnswered } = options;
  const lines = new WeakMap<Socket, Line>();
  const onStall = () => countViolation(stats, "stallTimeoutMs");
  const common = { limits, isDraining, onStall, onAnswered };

  const start = (
    line: Line,
    request: IncomingMessage,
    response: ServerResponse,
  ) => {
    line.answer = response;
    line.isBusy = true;
    const isTooLong = request.rawHeaders.length > 2 * limits.maxHeaderFields;
    const headers = isTooLong ? undefined : line.blockOf(request, scheme);
    if (isTooLong || headers === undefined) {
      if (isTooLong) countViolation(stats, "maxHeaderFields");
      response.writeHead(isTooLong ? 431 : 400, { connection: "close" });
      response.end();
      return;
    }
    const stream = new Http1Stream(request, response, {
      ...common,
      onDone: line.onDone,
    });
    stream.remoteEnded = !hasBody(request);
    stream.start(() => onRequest(stream, headers, stream.remoteEnded));
  };

  return {
    onRequest(request, response) {
      const { socket } = request;
      // node:http parses what came to its end, for nobody.
      if (socket.destroyed) return;
      let line = lines.get(socket);
      if (line === undefined) {
        line = new Line(socket);
        lines.set(socket, line);
      }
      if (!line.isBusy) return start(line, request, response);
      if (line.waiting.length >= limits.maxConcurrentStreams) {
        countViolation(stats, "maxConcurrentStreams");
        socket.destroy();
        return;
      }
      const busy = line;
      line.waiting.push(() => start(busy, request, response));
    },

    onClientError({ code = "" }, socket) {
      const [status = "400 Bad Request", limit] = EXCESSES[code] ?? [];
      if (limit !== undefined) {
        countViolation(stats, limit);
      } else if (!code.startsWith("HPE_")) {
        // It broke, or its TLS handshake failed: there is nobody to answer.
        socket.destroy();
        return;
      }
      const answer = lines.get(socket)?.answer;
      // In the middle of an answer, this would be taken for a part of it.
      const isAnswering = answer?.headersSent && !answer.writableFinished;
      if (socket.writable && !isAnswering)
        socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
      socket.destroySoon();
    },
  };
}

function hasBody(request: IncomingMessage): boolean {
  const { headers } = request;
  return (
    headers["transfer-encoding"] !== undefined ||
    (headers["content-length"] ?? "0") !== "0"
  );
}
