// What every balancing policy is: a choice among candidates, without I/O.
//
// Who may be chosen at all is decided before; a policy sees only those.

import type { Instance } from "../../core/index.ts";

/**
 * An instance that may be chosen.
 */
export interface Candidate {
  readonly instance: Instance;
  /** How many calls we have open on it. */
  readonly inFlight: number;
}

/**
 * Chooses among candidates. It may remember what it chose before, so each proto
 * service has a policy of its own.
 */
export interface Policy {
  /** What logs and configuration call it. */
  readonly name: string;

  /**
   * Choose one; undefined only if there is none. The order of the candidates
   * is expected to be the same from call to call.
   */
  pick<T extends Candidate>(candidates: readonly T[]): T | undefined;
}
