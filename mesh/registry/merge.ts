// Several directories seen as one: etcd and a static file, two clusters.
//
// What one of them can't tell, the whole does not know either, so its
// freshness is the worst of all: "never" until each was heard, "stale" while
// one is away. Whoever is known can be called all the same.

import {
  createInstance,
  equalInstances,
  type Instance,
} from "../../core/index.ts";
import type { Directory, Snapshot } from "./registry.ts";
import { createSnapshot } from "./snapshot.ts";

/**
 * Create a directory over others, which it owns: closing it closes them.
 *
 * Of two records with the same name and id, that of the directory named first
 * stays. A service at an address counts once, in the record of the directory
 * named first: a process that registers itself knows more of itself (schema,
 * draining) than whoever also wrote it down.
 */
export function mergeDirectories(
  ...directories: readonly Directory[]
): Directory {
  const observers = new Set<(snapshot: Snapshot) => void>();
  let snapshot = merge(directories.map((directory) => directory.snapshot));

  function update(): void {
    const next = merge(directories.map((directory) => directory.snapshot));
    if (equalSnapshots(snapshot, next)) return;
    snapshot = next;
    for (const observer of [...observers]) {
      // An observer may have caused a newer one, which all have heard then.
      if (snapshot !== next) return;
      if (observers.has(observer)) notify(observer, next);
    }
  }

  const ends = directories.map((directory) => directory.subscribe(update));
  async function close(): Promise<void> {
    for (const end of ends) end();
    await Promise.all(directories.map((directory) => directory.close()));
  }
  return {
    get snapshot() {
      return snapshot;
    },
    subscribe(observer) {
      // An entry of its own: the same function may be subscribed twice.
      const entry = (next: Snapshot) => observer(next);
      observers.add(entry);
      entry(snapshot);
      return () => void observers.delete(entry);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function merge(snapshots: readonly Snapshot[]): Snapshot {
  const isAny = (freshness: Snapshot["freshness"]) =>
    snapshots.some((snapshot) => snapshot.freshness === freshness);
  const freshness = isAny("never")
    ? "never"
    : isAny("stale")
      ? "stale"
      : "synced";
  const staleSinceMs = Math.min(
    ...snapshots.map((each) => each.staleSinceMs ?? Infinity),
  );
  const suspects = new Set<Instance>();
  const instances = [...union(snapshots, suspects)];
  return createSnapshot(freshness, instances, { staleSinceMs, suspects });
}

// Adds those that their directory doubts to `doubted`.
function* union(
  snapshots: readonly Snapshot[],
  doubted: Set<Instance>,
): Generator<Instance> {
  const ids = new Set<string>();
  const places = new Set<string>();
  for (const { instances, suspects } of snapshots) {
    const left = instances.flatMap((instance) => {
      const { name, id, address, services } = instance;
      if (ids.has(`${name}/${id}`)) return [];
      const own = services.filter((s) => !places.has(`${address}/${s}`));
      if (own.length === services.length) return instance;
      return own.length === 0
        ? []
        : createInstance({ ...instance, services: own });
    });
    // Within one directory nothing is doubted.
    for (const { name, id, address, services } of instances) {
      ids.add(`${name}/${id}`);
      for (const service of services) places.add(`${address}/${service}`);
    }
    for (const instance of left) {
      if (suspects.has(instance.id)) doubted.add(instance);
      yield instance;
    }
  }
}

function equalSnapshots(a: Snapshot, b: Snapshot): boolean {
  return (
    a.freshness === b.freshness &&
    a.staleSinceMs === b.staleSinceMs &&
    a.instances.length === b.instances.length &&
    a.suspects.size === b.suspects.size &&
    [...a.suspects].every((id) => b.suspects.has(id)) &&
    a.instances.every((instance, i) => {
      const other = b.instances[i];
      return other !== undefined && equalInstances(instance, other);
    })
  );
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
