// Builds a frozen snapshot from scratch.

import type { Instance } from "../../core/index.ts";
import type { Snapshot } from "./registry.ts";
import { View } from "./view.ts";

/**
 * Create a snapshot from instances in any order, none of them a suspect.
 *
 * A stale one is stale since now, unless `staleSinceMs` says otherwise.
 */
export function createSnapshot(
  freshness: Snapshot["freshness"],
  instances: Iterable<Instance>,
  staleSinceMs: number = performance.now(),
): Snapshot {
  const view = new View();
  view.apply(
    Array.from(instances, (instance) => ({ instance, presence: "here" })),
  );
  return view.snapshot(freshness, staleSinceMs);
}
