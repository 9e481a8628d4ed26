// What goes into and comes out of fuzz-program.ts.

import type { Kind } from "./fuzz-case.ts";

/** So many faults are enough: one is too many. */
export const MAX_FAULTS = 20;

/** What to run. */
export interface FuzzOptions {
  readonly kind: Kind;
  /** The first case's seed; each further case takes the next number. */
  readonly seed: number;
  /** How many frames, in all cases together. */
  readonly frames: number;
  /** Over real sockets instead of memory. */
  readonly isWired: boolean;
}

/** What happened. */
export interface FuzzReport {
  readonly cases: number;
  readonly frames: number;
  readonly streams: number;
  /** Calls of the neighbour that succeeded. */
  readonly calls: number;
  /** What was held more at the end than after the warm-up. */
  readonly heapGrowthBytes: number;
  readonly bufferGrowthBytes: number;
  /** How connections ended, and how often. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
}
