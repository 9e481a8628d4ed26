// What a connection goes through, and what it tells whoever made it.

import type { HeaderBlock } from "./header-block.ts";
import type { Stream } from "./stream.ts";

/**
 * The states of a connection, in this order.
 *
 * - `open`
 * - `draining`: no new streams; it closes when the last one has ended.
 * - `closed`: we are done with it; what was said last may still be on its way.
 */
export type ConnectionState = "open" | "draining" | "closed";

/** What whoever made a connection wants to hear of. */
export interface ConnectionEvents {
  /** Server role: a request. `stream.handler` must be set before it returns. */
  onRequest?(stream: Stream, headers: HeaderBlock, endStream: boolean): void;
  /** Client role: the peer's settings came, or changed. */
  onSettings?(): void;
  /** The peer is about to go. */
  onGoaway?(code: number, lastStreamId: number): void;
  /** Client role: there is room again, after a request was not taken. */
  onAvailable?(): void;
  /** The end, once. */
  onClose?(code: number, reason: string): void;
}
