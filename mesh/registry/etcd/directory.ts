// The directory on etcd: list, watch from there, and on anything unexpected do
// both again. What is known stays known meanwhile.
//
// A watch that got old is replaced without anybody noticing: list while it goes
// on, open the next one, close the old one.

import { setTimeout as sleep } from "node:timers/promises";
import type { Etcd3, IEvent } from "etcd3";
import {
  type Backoff,
  createBackoff,
  decodeInstance,
} from "../../../core/index.ts";
import { registryFailures } from "../diagnostics.ts";
import { type LiveEntry, LiveFeed } from "../live-feed.ts";
import { decodeRecord, instancePrefix } from "../record.ts";
import type { Directory, Snapshot } from "../registry.ts";
import {
  type CachedSnapshot,
  createSnapshotCache,
  type SnapshotCache,
} from "../snapshot-cache.ts";
import { createAlarm } from "./alarm.ts";
import { type Connection, createConnection } from "./connection.ts";
import {
  type EtcdDirectoryOptions,
  type ResolvedEtcdDirectoryOptions,
  resolveEtcdDirectoryOptions,
} from "./directory-options.ts";
import { listPrefix } from "./range.ts";
import { Records } from "./records.ts";
import { openWatch, type Watch } from "./watch.ts";

/**
 * A directory that follows etcd.
 */
export interface EtcdDirectory extends Directory {
  /** What it did so far, for metrics. A new object each time. */
  readonly stats: EtcdDirectoryStats;
}

/**
 * What a directory did so far.
 */
export interface EtcdDirectoryStats {
  /** The newest revision of etcd that is contained in the snapshot. */
  readonly revision: number;
  /** When etcd was last heard, as performance.now() counts. */
  readonly lastHeardAtMs: number | undefined;
  /** How many lists of everything were made. */
  readonly lists: number;
  /** How many watches were opened, and confirmed by etcd. */
  readonly watches: number;
  /** How many changes the watches delivered. */
  readonly events: number;
  /** How many values under the prefix can't be read at this moment. */
  readonly skipped: number;
  /** How many times a value that can't be read was met. */
  readonly skippedTotal: number;
}

/**
 * Create a directory that follows the instances in etcd.
 *
 * Returns at once; its snapshot is of freshness "never" until etcd answered, or
 * "stale" if there is a cache file. It keeps the process alive until it is
 * closed. Throws ERR_USAGE if the addresses, or other options, are wrong.
 */
export function createEtcdDirectory(
  options: EtcdDirectoryOptions,
): EtcdDirectory {
  return new Follower(resolveEtcdDirectoryOptions(options));
}

class Follower implements EtcdDirectory {
  readonly #options: ResolvedEtcdDirectoryOptions;
  readonly #prefix: string;
  readonly #connection: Connection;
  readonly #backoff: Backoff;
  readonly #records: Records;
  readonly #cache: SnapshotCache | undefined;
  readonly #feed: LiveFeed;
  readonly #alarm = createAlarm();
  readonly #closing = new AbortController();
  readonly #counts = { lists: 0, watches: 0, events: 0 };
  #failing = false;
  #soundSince = Infinity;
  #lastHeardAtMs: number | undefined;

  constructor(options: ResolvedEtcdDirectoryOptions) {
    const { etcd, guard, gatherMs, random } = options;
    this.#options = options;
    this.#prefix = instancePrefix(etcd.namespace);
    this.#records = new Records(
      (key, value) => decodeRecord(key, value, etcd.namespace),
      options.cacheFile !== undefined,
    );
    this.#connection = createConnection(etcd);
    this.#backoff = createBackoff({
      initialMs: options.retryInitialMs,
      maxMs: options.retryMaxMs,
      random,
    });
    this.#cache = this.#openCache();
    this.#feed = new LiveFeed({ guard, gatherMs, cache: this.#cache });
    const cached = this.#cache?.load();
    if (cached !== undefined) this.#recall(cached);
    void this.#run();
  }

  get snapshot(): Snapshot {
    return this.#feed.snapshot;
  }

  get stats(): EtcdDirectoryStats {
    const { revision, skipped, skippedTotal } = this.#records;
    const lastHeardAtMs = this.#lastHeardAtMs;
    return { revision, lastHeardAtMs, ...this.#counts, skipped, skippedTotal };
  }

  subscribe(observer: (snapshot: Snapshot) => void): () => void {
    return this.#feed.subscribe(observer);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#connection.drop();
    this.#alarm.ring();
    this.#feed.close();
    await this.#cache?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#soundSince = Infinity;
      const reason = await this.#follow(signal).catch((error) =>
        this.#connection.explain(error),
      );
      if (signal.aborted) return;
      this.#connection.drop();
      this.#feed.lost(reason);
      if (!this.#failing) {
        const { hosts } = this.#options.etcd;
        registryFailures.publish({ role: "directory", hosts, reason });
      }
      this.#failing = true;
      const soundMs = performance.now() - this.#soundSince;
      if (soundMs > this.#options.soundMs) this.#backoff.reset();
      await this.#alarm.wait(this.#backoff.next());
    }
  }

  // Ends with an error only, sooner or later.
  async #follow(signal: AbortSignal): Promise<never> {
    const client = this.#connection.client();
    let watch: Watch | undefined;
    try {
      for (;;) {
        const next = await this.#listAndWatch(client, signal);
        watch?.close();
        watch = next;
        if (this.#soundSince === Infinity) this.#soundSince = performance.now();
        await this.#trust(watch);
      }
    } finally {
      watch?.close();
    }
  }

  // A watch that is there already goes on meanwhile.
  async #listAndWatch(client: Etcd3, signal: AbortSignal): Promise<Watch> {
    this.#counts.lists++;
    this.#records.beginList();
    const after = await listPrefix(client.kv, {
      prefix: this.#prefix,
      pageKeys: this.#options.pageKeys,
      onPage: (page) => this.#records.foresee(page),
    });
    signal.throwIfAborted();
    this.#failing = false;
    this.#lastHeardAtMs = performance.now();
    this.#feed.synced(this.#records.replace(after));
    const watch = await openWatch(client.watchClient, {
      prefix: this.#prefix,
      after,
      signal,
      onEvents: (events) => this.#apply(events),
    });
    this.#counts.watches++;
    return watch;
  }

  // Until it is too old; rejects if it breaks before.
  async #trust({ broken }: Watch): Promise<void> {
    const { maxWatchAgeMs, random } = this.#options;
    const ageMs = maxWatchAgeMs * (0.5 + random() / 2);
    const done = new AbortController();
    try {
      await Promise.race([
        broken,
        sleep(ageMs, undefined, { signal: done.signal }),
      ]);
    } finally {
      done.abort();
    }
  }

  #apply(events: readonly IEvent[]): void {
    this.#lastHeardAtMs = performance.now();
    this.#counts.events += events.length;
    this.#feed.changed(this.#records.apply(events));
  }

  #openCache(): SnapshotCache | undefined {
    const { cacheFile: file, cacheDelayMs: delayMs } = this.#options;
    if (file === undefined) return undefined;
    const records = () => [
      ...this.#records.values(),
      ...this.#feed.suspects.map(({ value }) => value),
    ];
    return createSnapshotCache({
      file,
      prefix: this.#prefix,
      delayMs,
      records,
    });
  }

  #recall({ records, ageMs }: CachedSnapshot): void {
    const entries = records.flatMap((value) => toEntry(this.#prefix, value));
    this.#feed.recall(this.#records.recall(entries), performance.now() - ageMs);
  }
}

// What can't be read any more is left out, as it is when etcd says it.
function toEntry(prefix: string, value: string): [string, LiveEntry][] {
  const instance = decodeInstance(value);
  if (instance instanceof Error) return [];
  const { name, id } = instance;
  return [[`${prefix}${name}/${id}`, { instance, value }]];
}
