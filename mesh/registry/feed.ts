// Holds a directory's current snapshot and tells observers of each new one.
//
// It publishes a snapshot only if it says something new, so a directory may
// simply offer everything it knows, as often as it likes.

import { equalInstances, type Instance } from "../../core/index.ts";
import { freshnessChanges } from "./diagnostics.ts";
import type { Directory, Snapshot } from "./registry.ts";
import { createSnapshot } from "./snapshot.ts";

/**
 * The part of a directory that faces its readers.
 */
export interface SnapshotFeed extends Pick<Directory, "subscribe"> {
  readonly snapshot: Snapshot;

  /** The registry was heard: this is all there is. */
  synced(instances: Iterable<Instance>): void;

  /** The registry can't be heard: keep what is known. */
  lost(reason: Error): void;
}

/**
 * Create a feed that knows nothing so far.
 */
export function createSnapshotFeed(): SnapshotFeed {
  const teller = createSnapshotTeller();
  return {
    get snapshot() {
      return teller.snapshot;
    },
    synced(instances) {
      const { snapshot } = teller;
      const next = createSnapshot("synced", instances);
      const isNew = snapshot.freshness !== "synced";
      if (isNew || !sameInstances(snapshot, next)) teller.tell(next);
    },
    lost(reason) {
      const { freshness, instances } = teller.snapshot;
      if (freshness !== "synced") return;
      teller.tell(createSnapshot("stale", instances), reason);
    },
    subscribe: teller.subscribe,
  };
}

/**
 * Holds a snapshot and its observers; what it says is for others to decide.
 */
export interface SnapshotTeller
  extends Pick<Directory, "snapshot" | "subscribe"> {
  /** Tell everybody, whether it is new or not. The reason is for the log. */
  tell(snapshot: Snapshot, reason?: Error): void;
}

/**
 * Create a teller of a snapshot that says nothing so far.
 */
export function createSnapshotTeller(): SnapshotTeller {
  const observers = new Set<(snapshot: Snapshot) => void>();
  let snapshot = createSnapshot("never", []);
  return {
    get snapshot() {
      return snapshot;
    },
    tell(next, reason) {
      const from = snapshot.freshness;
      snapshot = next;
      if (from !== next.freshness) {
        const change = { from, to: next.freshness };
        freshnessChanges.publish(reason ? { ...change, reason } : change);
      }
      for (const observer of [...observers]) {
        // One of them may have caused a newer one, which all have heard then,
        // or ended another's subscription.
        if (snapshot !== next) return;
        if (observers.has(observer)) notify(observer, next);
      }
    },
    subscribe(observer) {
      // An entry of its own: the same function may be subscribed twice.
      const entry = (next: Snapshot) => observer(next);
      observers.add(entry);
      entry(snapshot);
      return () => void observers.delete(entry);
    },
  };
}

// An observer that throws must not keep the others from hearing; its error is
// uncaught, as an event listener's would be.
function notify(observer: (snapshot: Snapshot) => void, snapshot: Snapshot) {
  try {
    observer(snapshot);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

function sameInstances(a: Snapshot, b: Snapshot): boolean {
  return (
    a.instances.length === b.instances.length &&
    a.instances.every((instance, i) => {
      const other = b.instances[i];
      return other !== undefined && equalInstances(instance, other);
    })
  );
}
