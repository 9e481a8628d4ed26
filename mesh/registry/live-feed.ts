// Turns a registry's changes into the snapshots of a directory: what is shown
// (guard, view), when it is told (gather), and what is left of it for the next
// start (cache). It knows no store: whoever follows one feeds it.

import { State } from "../../core/index.ts";
import { createSnapshotTeller } from "./feed.ts";
import { createGather, type Gather } from "./gather.ts";
import { type Change, type Entry, Guard, type GuardOptions } from "./guard.ts";
import type { Directory, Snapshot } from "./registry.ts";
import type { SnapshotCache } from "./snapshot-cache.ts";
import { View, type ViewChange } from "./view.ts";

/**
 * Options for a LiveFeed.
 */
export interface LiveFeedOptions {
  readonly guard: GuardOptions;
  /** How long additions may wait for more of them, in milliseconds. */
  readonly gatherMs: number;
  /** Keeps the last snapshot over restarts. */
  readonly cache?: SnapshotCache | undefined;
}

/** An instance and what it came as. */
export interface LiveEntry extends Entry {
  /** The text, or something that stands for it. Other texts, other values. */
  readonly value: string;
}

/**
 * The part of a directory that faces its readers.
 */
export class LiveFeed implements Pick<Directory, "snapshot" | "subscribe"> {
  readonly #teller = createSnapshotTeller();
  readonly #view = new View();
  readonly #guard: Guard<LiveEntry>;
  readonly #gather: Gather;
  readonly #cache: SnapshotCache | undefined;
  readonly #pending = new Map<string, ViewChange>();
  #sweeping: NodeJS.Timeout | undefined;
  #sweepAt = Infinity;

  constructor({ guard, gatherMs, cache }: LiveFeedOptions) {
    this.#guard = new Guard(guard);
    this.#gather = createGather(gatherMs, () => this.#flush());
    this.#cache = cache;
  }

  get snapshot(): Snapshot {
    return this.#teller.snapshot;
  }

  subscribe(observer: (snapshot: Snapshot) => void): () => void {
    return this.#teller.subscribe(observer);
  }

  /** Those that are shown though the registry has them no more. */
  get suspects(): readonly LiveEntry[] {
    return this.#guard.suspects;
  }

  /** What was known at the end of another process: stale, but not nothing. */
  recall(changes: Iterable<Change<LiveEntry>>, sinceMs: number): void {
    this.#take(changes);
    // It is not news: the file stays as old as it is.
    this.#view.apply(this.#pending.values());
    this.#pending.clear();
    this.#settle("stale", sinceMs);
  }

  /** The registry was heard, and says this. */
  changed(changes: Iterable<Change<LiveEntry>>): void {
    const urgent = this.#take(changes);
    if (urgent !== undefined) this.#gather.request(urgent);
  }

  /** The registry was heard, and this is all that differs. */
  synced(changes: Iterable<Change<LiveEntry>>): void {
    this.#take(changes);
    if (this.snapshot.freshness === "synced") this.#flush();
    else this.#settle("synced");
  }

  /** The registry can't be heard: keep what is known. */
  lost(reason: Error): void {
    if (this.snapshot.freshness !== "synced") return;
    this.#settle("stale", performance.now(), reason);
  }

  /** Tell no more. The last snapshot stays readable. */
  close(): void {
    this.#gather.cancel();
    clearTimeout(this.#sweeping);
  }

  // Tells whether observers should hear of it at once; undefined for not at all.
  #take(changes: Iterable<Change<LiveEntry>>): boolean | undefined {
    const now = performance.now();
    let urgent: boolean | undefined;
    for (const change of changes) {
      const verdicts = this.#guard.judge(change, now);
      for (const { key, entry, presence } of verdicts) {
        this.#pending.set(key, { instance: entry.instance, presence });
      }
      urgent = urgent || isUrgent(change);
    }
    this.#scheduleSweep();
    return urgent;
  }

  #flush(): void {
    this.#gather.cancel();
    if (!this.#applyPending()) return;
    const { freshness, staleSinceMs } = this.snapshot;
    this.#teller.tell(this.#view.snapshot(freshness, staleSinceMs));
  }

  #settle(
    freshness: Snapshot["freshness"],
    sinceMs?: number,
    reason?: Error,
  ): void {
    this.#gather.cancel();
    this.#applyPending();
    this.#teller.tell(this.#view.snapshot(freshness, sinceMs), reason);
  }

  #applyPending(): boolean {
    const isNew = this.#view.apply(this.#pending.values());
    this.#pending.clear();
    if (isNew) this.#cache?.save();
    return isNew;
  }

  // One timer, for whoever's time is over next.
  #scheduleSweep(): void {
    const at = this.#guard.dueAt;
    if (at === this.#sweepAt) return;
    clearTimeout(this.#sweeping);
    this.#sweepAt = at;
    if (at === Infinity) return;
    const waitMs = Math.max(1, Math.ceil(at - performance.now()));
    this.#sweeping = setTimeout(() => this.#sweep(), waitMs).unref();
  }

  #sweep(): void {
    this.#sweepAt = Infinity;
    for (const verdict of this.#guard.sweep(performance.now())) {
      const { key, entry, presence } = verdict;
      this.#pending.set(key, { instance: entry.instance, presence });
    }
    this.#flush();
    this.#scheduleSweep();
  }
}

// Whether new calls must not go there any more, for any of its services.
function isUrgent({ before, after }: Change<Entry>): boolean {
  if (before?.instance.state !== State.SERVING) {
    return before !== undefined && after === undefined;
  }
  if (after?.instance.state !== State.SERVING) return true;
  const { services } = after.instance;
  return before.instance.services.some((each) => !services.includes(each));
}
