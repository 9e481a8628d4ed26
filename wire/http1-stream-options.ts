// What an Http1Stream needs of the listener it belongs to.

import type { Limits } from "./limits.ts";

/** What streams of one listener have in common. */
export interface Http1StreamOptions {
  readonly limits: Limits;
  /** Whether answers ask callers to go. */
  readonly isDraining: () => boolean;
  /** The answer is out, or its caller is gone. */
  readonly onAnswered: () => void;
  /** The stream is closed, and the work behind it has ended. */
  readonly onDone: () => void;
  /** The caller took too little of its answer. */
  readonly onStall: () => void;
}
