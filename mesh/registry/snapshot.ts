// Builds the frozen snapshots that directories hand out.

import { type Instance, State } from "../../core/index.ts";
import type { Snapshot } from "./registry.ts";

/**
 * Create a snapshot from instances in any order.
 *
 * A stale one is stale since now, unless `staleSinceMs` says otherwise.
 */
export function createSnapshot(
  freshness: Snapshot["freshness"],
  instances: Iterable<Instance>,
  staleSinceMs: number = performance.now(),
): Snapshot {
  const sorted = [...instances].sort(byNameAndId);
  const serving = new Map<string, Instance[]>();
  for (const instance of sorted) {
    if (instance.state !== State.SERVING) continue;
    for (const service of new Set(instance.services)) {
      const of = serving.get(service);
      if (of === undefined) serving.set(service, [instance]);
      else of.push(instance);
    }
  }
  return Object.freeze({
    freshness,
    staleSinceMs: freshness === "stale" ? staleSinceMs : undefined,
    instances: Object.freeze(sorted),
    serving,
  });
}

function byNameAndId(a: Instance, b: Instance): number {
  return compare(a.name, b.name) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
