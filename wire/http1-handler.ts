// Takes requests from node:http, and hands them on as streams, one at a time.
//
// node:http starts the requests that a caller sends one after another all at
// once, and only keeps their answers in order. So one connection could start
// any number of calls; here the next one begins when the one before is done.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
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

/**
 * Create a handler for an http.Server.
 */
export function createHttp1Handler(options: Http1HandlerOptions): Http1Handler {
  const { onRequest, limits, stats, scheme, isDraining } = options;
  // The requests that wait on a connection; none: one is being answered.
  const waiting = new WeakMap<Socket, (() => void)[]>();
  /** The answers that are given. */
  const answers = new WeakMap<Socket, ServerResponse>();

  const start = (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    answers.set(socket, response);
    const onDone = () => {
      const next = waiting.get(socket)?.shift();
      if (next === undefined) waiting.delete(socket);
      else if (!socket.destroyed) next();
    };
    const isTooLong = request.rawHeaders.length > 2 * limits.maxHeaderFields;
    const headers = toRequestBlock(request, scheme);
    if (isTooLong || headers === undefined) {
      if (isTooLong) countViolation(stats, "maxHeaderFields");
      response.writeHead(isTooLong ? 431 : 400, { connection: "close" });
      response.end();
      return;
    }
    const stream = new Http1Stream(request, response, {
      limits,
      isDraining,
      onDone,
      onStall: () => countViolation(stats, "stallTimeoutMs"),
    });
    stream.remoteEnded = !hasBody(request);
    stream.start(() => onRequest(stream, headers, stream.remoteEnded));
  };

  return {
    onRequest(request, response) {
      const { socket } = request;
      // node:http parses what came to its end, for nobody.
      if (socket.destroyed) return;
      const queue = waiting.get(socket);
      if (queue === undefined) {
        waiting.set(socket, []);
        return start(request, response);
      }
      if (queue.length >= limits.maxConcurrentStreams) {
        countViolation(stats, "maxConcurrentStreams");
        socket.destroy();
        return;
      }
      queue.push(() => start(request, response));
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
      const answer = answers.get(socket);
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
