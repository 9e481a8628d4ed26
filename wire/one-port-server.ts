// One cleartext port for HTTP/1.1 and HTTP/2 with prior knowledge.
//
// The http.Server is the real listener, because it arms its time-outs only
// when it listens itself; HTTP/2 connections are handed on to an http2 server
// that never listens. Upgrade from HTTP/1.1 (h2c) is not offered: RFC 9113
// dropped it. Knows nothing of RPC.

import type { ServerResponse } from "node:http";
import {
  createServer as createHttp1Server,
  type IncomingMessage,
} from "node:http";
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
  type ServerOptions,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { readHttpVersion } from "./http-version.ts";
import { readAwayHttp1, readAwayHttp2 } from "./unread.ts";

/** A request of either HTTP version. */
export type HttpRequest = IncomingMessage | Http2ServerRequest;

/** A response of either HTTP version. */
export type HttpResponse =
  | ServerResponse<IncomingMessage>
  | Http2ServerResponse<Http2ServerRequest>;

/** Answers one request. */
export type RequestHandler = (
  request: HttpRequest,
  response: HttpResponse,
) => void;

/**
 * Options for createOnePortServer().
 */
export interface OnePortServerOptions {
  readonly onRequest: RequestHandler;

  /**
   * How many streams one HTTP/2 connection may have open. Defaults to 1,000:
   * one peer, a gateway for example, may multiplex many callers.
   */
  readonly maxConcurrentStreams?: number;

  /**
   * How long a connection may stay silent before its first byte, in
   * milliseconds. Defaults to 10,000.
   */
  readonly firstByteTimeoutMs?: number;
}

/**
 * A server on one port.
 */
export interface OnePortServer {
  /**
   * Listen. Rejects with Node's own error, EADDRINUSE for example. Port 0
   * takes a free one; the result tells which.
   */
  listen(address: { host: string; port: number }): Promise<AddressInfo>;

  /**
   * Ask peers to go: from now on, HTTP/1.1 responses close their connection.
   * New connections and requests are still served.
   */
  drain(): void;

  /**
   * Stop listening, tell HTTP/2 peers to go (GOAWAY), wait for the requests
   * in flight, and cut off what is left after `graceMs`. Resolves when no
   * connection is left.
   */
  close(graceMs: number): Promise<void>;
}

// node:http2's defaults are made for the open internet. Its memory limit
// refuses a few dozen large bodies on one connection, its reset limit ends a
// connection that carries the cancellations of many callers, and its windows
// of 64 KiB throttle a stream whose peer is not in the same room.
const STREAM_WINDOW_BYTES = 1 << 20;
const CONNECTION_WINDOW_BYTES = 16 << 20;
const HTTP2_OPTIONS: ServerOptions = {
  maxSessionMemory: 1_000,
  streamResetBurst: 100_000,
  streamResetRate: 10_000,
  maxSessionInvalidFrames: 100_000,
  maxSessionRejectedStreams: 100_000,
  // HTTP/1.1 takes about as many in 16 KiB.
  maxHeaderListPairs: 2_000,
  // Lets us, not nghttp2, decide about a header that occurs twice.
  strictSingleValueFields: false,
};

/** An HTTP/1.1 request line and its headers must be complete in this time. */
const HEADERS_TIMEOUT_MS = 30_000;

/** Longer than the idle time of common clients and proxies: they close first. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/**
 * Create a server that answers HTTP/1.1 and HTTP/2 requests alike.
 */
export function createOnePortServer(
  options: OnePortServerOptions,
): OnePortServer {
  const { onRequest, maxConcurrentStreams = 1_000 } = options;
  const { firstByteTimeoutMs = 10_000 } = options;
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  let draining = false;

  const http2 = createHttp2Server(
    {
      ...HTTP2_OPTIONS,
      settings: {
        maxConcurrentStreams,
        initialWindowSize: STREAM_WINDOW_BYTES,
      },
    },
    (request, response) => {
      readAwayHttp2(request, response);
      onRequest(request, response);
    },
  );
  http2.on("session", (session) => {
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });

  const http1 = createHttp1Server(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      // A stream of requests may take as long as it likes.
      requestTimeout: 0,
    },
    (request, response) => {
      if (draining) response.setHeader("connection", "close");
      // Its headers may be out before we close; then it ends up idle.
      response.once("close", () => {
        if (!http1.listening) setImmediate(() => http1.closeIdleConnections());
      });
      readAwayHttp1(request, response);
      onRequest(request, response);
    },
  );
  const acceptHttp1 = http1.listeners("connection");
  http1.removeAllListeners("connection");
  http1.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    readHttpVersion(socket, firstByteTimeoutMs, (version) => {
      if (version === 1) {
        for (const accept of acceptHttp1) accept.call(http1, socket);
        return;
      }
      // http.Server allows half-open sockets. An HTTP/2 peer that ends its
      // side without GOAWAY would leave its session behind for ever.
      socket.allowHalfOpen = false;
      http2.emit("connection", socket);
      if (!http1.listening) for (const session of sessions) session.close();
    });
  });

  return {
    listen({ host, port }) {
      return new Promise((resolve, reject) => {
        http1.once("error", reject);
        http1.listen(port, host, () => {
          http1.off("error", reject);
          resolve(http1.address() as AddressInfo);
        });
      });
    },
    drain() {
      draining = true;
    },
    close(graceMs) {
      draining = true;
      return new Promise((resolve) => {
        const deadline = setTimeout(() => {
          for (const session of sessions) session.destroy();
          for (const socket of sockets) socket.destroy();
        }, graceMs);
        http1.close(() => {
          clearTimeout(deadline);
          resolve();
        });
        for (const session of sessions) session.close();
        // Silent since they connected: nobody's request is lost.
        for (const socket of sockets)
          if (socket.bytesRead === 0) socket.destroy();
      });
    },
  };
}
