// The client's side of an HTTP/2 connection.

import type { Duplex } from "node:stream";
import { Connection } from "./connection.ts";
import { MAX_STREAM_ID } from "./frame.ts";
import type { HeaderBlock } from "./header-block.ts";
import { internalLimits, type Limits } from "./limits.ts";
import { createStats, type WireStats } from "./stats.ts";
import type { Stream, StreamHandler } from "./stream.ts";
import type { KeepaliveOptions } from "./time-limits.ts";

/**
 * Options for createClientConnection().
 */
export interface ClientConnectionOptions {
  /** The peer's settings came, or changed: availableStreams may differ. */
  onSettings?(): void;

  /**
   * The peer is about to go: no more requests. Those with an id up to
   * `lastStreamId` go on; the others were closed as "refused".
   */
  onGoaway?(code: number, lastStreamId: number): void;

  /** A request would be taken again, after one that wasn't. */
  onAvailable?(): void;

  /** The end of the connection, once. `reason` is for a log. */
  onClose?(code: number, reason: string): void;

  /** What the peer may ask of us. Defaults to `internalLimits`. */
  readonly limits?: Limits;

  /** Whether to look after a silent peer. Defaults to no. */
  readonly keepalive?: KeepaliveOptions;

  /** Counters to add to. Defaults to counters of its own. */
  readonly stats?: WireStats;
}

/**
 * A client's connection.
 */
export class ClientConnection extends Connection {
  /**
   * Send a request. Returns undefined if it can't be taken now: the peer allows
   * no more streams (onAvailable tells when it does), or the connection is
   * about to go.
   */
  request(
    headers: HeaderBlock,
    endStream: boolean,
    handler: StreamHandler,
  ): Stream | undefined {
    const { core } = this;
    if (core.state !== "open" || core.ids.next > MAX_STREAM_ID)
      return undefined;
    if (core.streams.size >= core.peerMaxStreams) {
      core.wantsSlot = true;
      return undefined;
    }
    const stream = core.openStream(core.ids.next);
    core.ids.next += 2;
    stream.handler = handler;
    stream.isHead = headers.method === "HEAD";
    core.sendHeaders(stream, headers, endStream);
    // The last id: whoever wants more needs another connection.
    if (core.ids.next > MAX_STREAM_ID) this.drain();
    return stream;
  }

  /** How many streams at once the peer allows; infinite until it has said so. */
  get peerMaxStreams(): number {
    return this.core.peerMaxStreams;
  }

  /** How many more streams the peer allows now. */
  get availableStreams(): number {
    if (this.core.state !== "open") return 0;
    return Math.max(0, this.core.peerMaxStreams - this.core.streams.size);
  }
}

/**
 * Speak HTTP/2 to a server on a byte stream, which may still be connecting.
 * From here on it belongs to the connection.
 */
export function createClientConnection(
  socket: Duplex,
  options: ClientConnectionOptions = {},
): ClientConnection {
  return new ClientConnection(socket, false, {
    limits: options.limits ?? internalLimits,
    stats: options.stats ?? createStats(),
    events: options,
    keepalive: options.keepalive,
  });
}
