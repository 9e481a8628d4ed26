// Takes the candidates in turn ("round robin").
//
// It remembers whom it chose last, not how often it chose: when instances come
// or leave, the turn goes on from there and nobody is skipped or served twice.

import type { Instance } from "../../core/index.ts";
import type { Policy } from "./policy.ts";

/**
 * Options for createRoundRobin().
 */
export interface RoundRobinOptions {
  /**
   * Source of randomness, uniform in [0, 1), for the first pick: many clients
   * that start together must not all begin with the same instance.
   *
   * Defaults to Math.random.
   */
  readonly random?: () => number;
}

/**
 * Create a policy that takes the candidates in their given order, beginning
 * with any of them.
 */
export function createRoundRobin(options: RoundRobinOptions = {}): Policy {
  const { random = Math.random } = options;
  let last: Instance | undefined;
  let lastIndex = 0;
  return {
    name: "round-robin",
    pick(candidates) {
      const count = candidates.length;
      if (count === 0) return undefined;
      const next = last
        ? following(candidates, last, lastIndex)
        : Math.floor(random() * count);
      const picked = candidates[next % count];
      last = picked?.instance;
      lastIndex = next % count;
      return picked;
    },
  };
}

// The index behind that of `last`. Where `last` was stands its follower, if it
// has left and nothing before it has changed.
function following(
  candidates: readonly { readonly instance: Instance }[],
  last: Instance,
  lastIndex: number,
): number {
  const isLast = (candidate?: { readonly instance: Instance }) =>
    candidate?.instance.id === last.id && candidate.instance.name === last.name;
  if (isLast(candidates[lastIndex])) return lastIndex + 1;
  const found = candidates.findIndex(isLast);
  return found === -1 ? lastIndex : found + 1;
}
