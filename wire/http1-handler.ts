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
import type { WireStats } from "./stats.ts";

/** What is done with the requests of a listener. */
export interface Http1HandlerOptions {
  readonly onRequest: RequestHandler;
  readonly limits: Limits;
  readonly stats: WireStats;
  readonly scheme: "http" | "https";
  /** Whether answers ask callers to go. */
  readonly isDraining: () => boolean;
}

type Http1Handler = (
  request: IncomingMessage,
  response: ServerResponse,
) => void;

/**
 * Create a handler for an http.Server's requests.
 */
export function createHttp1Handler(options: Http1HandlerOptions): Http1Handler {
  const { onRequest, limits, stats, scheme, isDraining } = options;
  // The requests that wait on a connection; none: one is being answered.
  const waiting = new WeakMap<Socket, (() => void)[]>();

  const start = (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const onDone = () => {
      const next = waiting.get(socket)?.shift();
      if (next === undefined) waiting.delete(socket);
      else if (!socket.destroyed) next();
    };
    const isTooLong = request.rawHeaders.length > 2 * limits.maxHeaderFields;
    const headers = toRequestBlock(request, scheme);
    if (isTooLong || headers === undefined) {
      if (isTooLong) count(stats, "maxHeaderFields");
      response.writeHead(isTooLong ? 431 : 400, { connection: "close" });
      response.end();
      return;
    }
    const stream = new Http1Stream(request, response, {
      limits,
      isDraining,
      onDone,
      onStall: () => count(stats, "stallTimeoutMs"),
    });
    stream.remoteEnded = !hasBody(request);
    stream.start(() => onRequest(stream, headers, stream.remoteEnded));
  };

  return (request, response) => {
    const { socket } = request;
    // node:http parses what came to its end, for nobody.
    if (socket.destroyed) return;
    const queue = waiting.get(socket);
    if (queue === undefined) {
      waiting.set(socket, []);
      return start(request, response);
    }
    if (queue.length >= limits.maxConcurrentStreams) {
      count(stats, "maxConcurrentStreams");
      socket.destroy();
      return;
    }
    queue.push(() => start(request, response));
  };
}

function count(stats: WireStats, limit: keyof WireStats["violations"]): void {
  stats.violations[limit] = (stats.violations[limit] ?? 0) + 1;
}

function hasBody(request: IncomingMessage): boolean {
  const { headers } = request;
  return (
    headers["transfer-encoding"] !== undefined ||
    (headers["content-length"] ?? "0") !== "0"
  );
}
