// One port for HTTP/1.1 and HTTP/2: over cleartext the first bytes tell them
// apart, over TLS the ALPN extension does. HTTP/2 is ours, HTTP/1.1 is
// node:http's; whoever answers sees no difference.
//
// The http.Server is the real listener, because it arms its time-outs only
// when it listens itself. Upgrade from HTTP/1.1 (h2c) is not offered: RFC 9113
// dropped it.

import {
  createServer as createHttpServer,
  type Server as HttpServer,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket, TlsOptions } from "node:tls";
import { type Admission, createAdmission } from "./admission.ts";
import type { Connection } from "./connection.ts";
import { createHeaderBlock } from "./header-block.ts";
import { readHttpVersion } from "./http-version.ts";
import { createHttp1Handler } from "./http1-handler.ts";
import { edgeLimits, type Limits } from "./limits.ts";
import { createServerConnection } from "./server-connection.ts";
import type { RequestHandler } from "./server-stream.ts";
import type { ConnectionSnapshot } from "./snapshot.ts";
import { createStats, type WireStats } from "./stats.ts";
import type { KeepaliveOptions } from "./time-limits.ts";
import { toTimerMs } from "./timer-ms.ts";

/**
 * Options for createListener().
 */
export interface ListenerOptions {
  /** Answers requests of either HTTP version. */
  readonly onRequest: RequestHandler;

  /**
   * What one connection may ask of us. Defaults to `edgeLimits`. Those that
   * make sense for HTTP/1.1 hold there as well.
   */
  readonly limits?: Limits;

  /**
   * A certificate and its key: the port speaks TLS. Defaults to cleartext.
   * ALPNProtocols is ours to set.
   */
  readonly tls?: TlsOptions;

  /** Whether to look after silent HTTP/2 peers. Defaults to no. */
  readonly keepalive?: KeepaliveOptions;

  /**
   * How long an HTTP/1.1 connection may wait for its next request, in
   * milliseconds. Defaults to 65,000: longer than common clients and proxies
   * wait, so that they are the ones who close.
   */
  readonly http1KeepAliveMs?: number;
}

/**
 * A listener, and what is open on it.
 */
export interface Listener {
  /**
   * Listen. Rejects with Node's own error, EADDRINUSE for example. Port 0
   * takes a free one; the result tells which.
   */
  listen(address: { host: string; port: number }): Promise<AddressInfo>;

  /**
   * Ask peers to go: from now on, HTTP/1.1 answers close their connection.
   * New connections and requests are still served.
   */
  drain(): void;

  /**
   * Stop listening, tell HTTP/2 peers to go (GOAWAY), wait for the requests
   * in flight, and cut off what is left after `graceMs`. Resolves when no
   * connection is left.
   */
  close(graceMs: number): Promise<void>;

  /** Counters over all HTTP/2 connections, and violations over HTTP/1.1. */
  readonly stats: WireStats;

  /** The HTTP/2 connections that are open, as plain data. */
  snapshot(): readonly ConnectionSnapshot[];
}

const goOn = createHeaderBlock([[":status", "100"]]);

/** Time-outs of node:http are looked at so often, at most. */
const HTTP1_CHECK_MS = 5_000;

/** What a listener keeps. */
interface Port {
  readonly http1: HttpServer;
  readonly admission: Admission;
  /** All connections, and those of them that speak HTTP/2. */
  readonly sockets: Set<Socket>;
  readonly connections: Set<Connection>;
  readonly stats: WireStats;
  isDraining: boolean;
}

/**
 * Create a listener. It listens when told to.
 */
export function createListener(options: ListenerOptions): Listener {
  const limits = options.limits ?? edgeLimits;
  const stats = createStats();
  const http1 = createHttp1(options, limits);
  const port: Port = {
    http1,
    admission: createAdmission(limits, stats),
    sockets: new Set(),
    connections: new Set(),
    stats,
    isDraining: false,
  };
  answerHttp1(port, options, limits);
  if (options.tls === undefined) acceptCleartext(port, options, limits);
  else acceptTls(port, options, limits);
  http1.on("connection", (socket: Socket) => {
    port.sockets.add(socket);
    socket.once("close", () => port.sockets.delete(socket));
  });
  return {
    stats,
    snapshot: () => Array.from(port.connections, (one) => one.snapshot()),
    listen: (address) => listen(http1, address),
    drain() {
      port.isDraining = true;
    },
    close: (graceMs) => close(port, graceMs),
  };
}

function answerHttp1(port: Port, options: ListenerOptions, limits: Limits) {
  const { http1, stats } = port;
  const handler = createHttp1Handler({
    onRequest: options.onRequest,
    limits,
    stats,
    scheme: options.tls ? "https" : "http",
    isDraining: () => port.isDraining,
    // Its headers may be out before we close; then it ends up idle.
    onAnswered() {
      if (!http1.listening) setImmediate(() => http1.closeIdleConnections());
    },
  });
  http1.on("request", handler.onRequest);
  http1.on("clientError", handler.onClientError);
}

/** The first bytes tell which version it is. */
function acceptCleartext(port: Port, options: ListenerOptions, limits: Limits) {
  const { http1, admission } = port;
  const accept = takeOver(http1, "connection");
  http1.on("connection", (socket: Socket) => {
    if (!admission.admit(socket)) return;
    readHttpVersion(socket, limits.prefaceTimeoutMs, (version) => {
      if (version === 2) serveHttp2(port, options, limits, socket);
      else accept(socket);
    });
  });
}

/** The handshake tells which version it is. */
function acceptTls(port: Port, options: ListenerOptions, limits: Limits) {
  const { http1, admission } = port;
  const accept = takeOver(http1, "secureConnection");
  http1.on("connection", (socket: Socket) => admission.admit(socket));
  http1.on("secureConnection", (socket: TLSSocket) => {
    if (socket.alpnProtocol === "h2") serveHttp2(port, options, limits, socket);
    else accept(socket);
  });
}

/** Take from an http.Server what it does with its connections. */
function takeOver(http1: HttpServer, event: string) {
  const listeners = http1.listeners(event);
  http1.removeAllListeners(event);
  return (socket: Socket) => {
    for (const listener of listeners) listener.call(http1, socket);
  };
}

function serveHttp2(
  port: Port,
  options: ListenerOptions,
  limits: Limits,
  socket: Socket,
) {
  const { connections, stats } = port;
  const { onRequest, keepalive } = options;
  // http.Server allows half-open sockets.
  socket.allowHalfOpen = false;
  const connection = createServerConnection(socket, {
    onRequest(stream, headers, endStream) {
      // As node:http does for HTTP/1.1.
      if (headers.expectsContinue && !endStream) stream.inform(goOn);
      onRequest(stream, headers, endStream);
    },
    limits,
    stats,
    ...(keepalive && { keepalive }),
    onClose: () => connections.delete(connection),
  });
  connections.add(connection);
  if (!port.http1.listening) connection.drain();
}

function listen(
  http1: HttpServer,
  { host, port }: { host: string; port: number },
): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    http1.once("error", reject);
    http1.listen(port, host, () => {
      http1.off("error", reject);
      resolve(http1.address() as AddressInfo);
    });
  });
}

function close(port: Port, graceMs: number): Promise<void> {
  const { http1, connections, sockets } = port;
  port.isDraining = true;
  return new Promise((resolve) => {
    const deadline = setTimeout(() => {
      for (const connection of connections) connection.close();
      for (const socket of sockets) socket.destroy();
    }, toTimerMs(graceMs));
    http1.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    for (const connection of connections) connection.drain();
    // Silent since they connected: nobody's request is lost.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  });
}

function createHttp1(options: ListenerOptions, limits: Limits): HttpServer {
  const http1Options = {
    // To node:http, 0 is "no limit".
    headersTimeout: Number.isFinite(limits.headersTimeoutMs)
      ? limits.headersTimeoutMs
      : 0,
    keepAliveTimeout: options.http1KeepAliveMs ?? 65_000,
    maxHeaderSize: limits.maxHeaderListBytes,
    connectionsCheckingInterval: Math.min(
      HTTP1_CHECK_MS,
      limits.headersTimeoutMs / 4,
    ),
    // A stream of requests may take as long as it likes.
    requestTimeout: 0,
    noDelay: true,
  };
  const http1 =
    options.tls === undefined
      ? createHttpServer(http1Options)
      : createHttpsServer({
          handshakeTimeout: toTimerMs(limits.prefaceTimeoutMs),
          ...http1Options,
          ...options.tls,
          ALPNProtocols: ["h2", "http/1.1"],
        });
  // node:http drops what is beyond its limit without a word; we refuse.
  http1.maxHeadersCount = 0;
  return http1;
}
