// Builds a frozen snapshot from scratch.

import type { Instance } from "../../core/index.ts";
import type { Snapshot } from "./registry.ts";
import { View } from "./view.ts";

/**
 * Options for createSnapshot().
 */
export interface SnapshotOptions {
  /** When it became stale, as performance.now() counts. Defaults to now. */
  readonly staleSinceMs?: number;
  /** Those among the instances that are doubted. Defaults to none. */
  readonly suspects?: ReadonlySet<Instance>;
}

/**
 * Create a snapshot from instances in any order.
 */
export function createSnapshot(
  freshness: Snapshot["freshness"],
  instances: Iterable<Instance>,
  { staleSinceMs, suspects }: SnapshotOptions = {},
): Snapshot {
  const view = new View();
  view.apply(
    Array.from(instances, (instance) => ({
      instance,
      presence: suspects?.has(instance) ? "suspect" : "here",
    })),
  );
  return view.snapshot(freshness, staleSinceMs);
}
