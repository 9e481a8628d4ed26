// Counters, always on: plain numbers in plain objects, added to where things
// happen. All connections of a listener share one.

import type { Limits } from "./limits.ts";

/** Names a limit that was violated. */
export type Violation = keyof Limits;

/**
 * What happened on connections so far, and what is open now.
 */
export interface WireStats {
  /** Connections that were opened, and those open now. */
  connections: number;
  openConnections: number;
  /** Streams that were opened, and those open now. */
  streams: number;
  openStreams: number;
  framesReceived: number;
  bytesReceived: number;
  /** Handed to the system. */
  bytesSent: number;
  /** How often sockets were written to. */
  socketWrites: number;
  /** RST_STREAM frames, both ways. */
  resetsReceived: number;
  resetsSent: number;
  /** Connections that we ended because of an error of the peer's. */
  connectionErrors: number;
  /** Header blocks found in, and not found in, the memo of their bytes. */
  memoHits: number;
  memoMisses: number;
  /**
   * Streams and connections that were refused or ended, by limit; idleTimeoutMs
   * and maxAgeMs are in the normal course of things.
   */
  readonly violations: { [limit in Violation]?: number };
}

/** Count a violation. */
export function countViolation(stats: WireStats, limit: Violation): void {
  const { violations } = stats;
  violations[limit] = (violations[limit] ?? 0) + 1;
}

/** Create counters that are all 0. */
export function createStats(): WireStats {
  return {
    connections: 0,
    openConnections: 0,
    streams: 0,
    openStreams: 0,
    framesReceived: 0,
    bytesReceived: 0,
    bytesSent: 0,
    socketWrites: 0,
    resetsReceived: 0,
    resetsSent: 0,
    connectionErrors: 0,
    memoHits: 0,
    memoMisses: 0,
    violations: {},
  };
}
