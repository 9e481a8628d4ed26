// The server's side of an HTTP/2 connection.

import type { Duplex } from "node:stream";
import { Connection } from "./connection.ts";
import type { HeaderBlock } from "./header-block.ts";
import { edgeLimits, type Limits } from "./limits.ts";
import { createStats, type WireStats } from "./stats.ts";
import type { Stream } from "./stream.ts";
import type { KeepaliveOptions } from "./time-limits.ts";

/**
 * Options for createServerConnection().
 */
export interface ServerConnectionOptions {
  /**
   * A request. Its stream's `handler` must be set before this returns; the
   * request's body, if any, goes there. `endStream` says that there is none.
   */
  onRequest(stream: Stream, headers: HeaderBlock, endStream: boolean): void;

  /** The end of the connection, once. `reason` is for a log. */
  onClose?(code: number, reason: string): void;

  /** What the peer may ask of us. Defaults to `edgeLimits`. */
  readonly limits?: Limits;

  /** Whether to look after a silent peer. Defaults to no. */
  readonly keepalive?: KeepaliveOptions;

  /** Counters to add to. Defaults to counters of its own. */
  readonly stats?: WireStats;
}

/**
 * Serve HTTP/2 on a byte stream. From here on it belongs to the connection.
 */
export function createServerConnection(
  socket: Duplex,
  options: ServerConnectionOptions,
): Connection {
  return new Connection(socket, true, {
    limits: options.limits ?? edgeLimits,
    stats: options.stats ?? createStats(),
    events: options,
    keepalive: options.keepalive,
  });
}
