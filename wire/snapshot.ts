// A connection as plain data, for whoever wants to look.

import type { ConnectionState } from "./connection-events.ts";
import type { Core } from "./core.ts";

/** One stream of a connection. */
export interface StreamSnapshot {
  readonly id: number;
  readonly localEnded: boolean;
  readonly remoteEnded: boolean;
  /** Bytes that wait to be sent, and that wait to be consumed. */
  readonly queuedBytes: number;
  readonly unconsumedBytes: number;
  /** How much may still be sent, and received. */
  readonly sendWindow: number;
  readonly receiveWindow: number;
}

/** A connection, and what is open on it. */
export interface ConnectionSnapshot {
  readonly role: "server" | "client";
  readonly state: ConnectionState;
  /** Streams that there were. */
  readonly streams: number;
  /** Streams that count among the peer's concurrent ones, ended ones too. */
  readonly slots: number;
  readonly queuedBytes: number;
  readonly sendWindow: number;
  readonly receiveWindow: number;
  /** The size of the peer's HPACK table as we keep it. */
  readonly decoderTableBytes: number;
  readonly openStreams: readonly StreamSnapshot[];
}

/** Take a snapshot. @internal */
export function takeSnapshot(core: Core): ConnectionSnapshot {
  return {
    role: core.isServer ? "server" : "client",
    state: core.state,
    streams: core.guard.streams,
    slots: core.slots,
    queuedBytes: core.output.queuedBytes,
    sendWindow: core.sender.window,
    receiveWindow: core.windows.connectionBytes,
    decoderTableBytes: core.decoder.table.bytes,
    openStreams: core.streams.values().map((stream) => ({
      id: stream.id,
      localEnded: stream.localEnded,
      remoteEnded: stream.remoteEnded,
      queuedBytes: stream.queuedBytes,
      unconsumedBytes: stream.unconsumedBytes,
      sendWindow: stream.sendWindow,
      receiveWindow: stream.receiveWindow,
    })),
  };
}
