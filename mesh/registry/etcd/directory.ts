// The directory on etcd: list, watch from there, and on anything unexpected do
// both again. What is known stays known meanwhile.

import type { IEvent, IKeyValue } from "etcd3";
import { createBackoff, type Instance } from "../../../core/index.ts";
import { registryFailures, skippedRecords } from "../diagnostics.ts";
import { createSnapshotFeed } from "../feed.ts";
import { decodeRecord, instancePrefix } from "../record.ts";
import type { Directory, Snapshot } from "../registry.ts";
import { createAlarm } from "./alarm.ts";
import { type Connection, createConnection } from "./connection.ts";
import { type EtcdOptions, resolveEtcdOptions } from "./options.ts";
import { listPrefix } from "./range.ts";
import { watchPrefix } from "./watch.ts";

// A watch that held that long was sound: what ends it then is a new trouble,
// and waiting begins with short waits again.
const SOUND_MS = 60_000;

/**
 * Options for createEtcdDirectory().
 */
export interface EtcdDirectoryOptions extends EtcdOptions {}

/**
 * Create a directory that follows the instances in etcd.
 *
 * Returns at once; its snapshot is of freshness "never" until etcd answered.
 * It keeps the process alive until it is closed. Throws ERR_USAGE if the
 * addresses are wrong.
 */
export function createEtcdDirectory(options: EtcdDirectoryOptions): Directory {
  return new EtcdDirectory(options);
}

class EtcdDirectory implements Directory {
  readonly #hosts: readonly string[];
  readonly #namespace: string;
  readonly #prefix: string;
  readonly #connection: Connection;
  readonly #backoff = createBackoff();
  readonly #feed = createSnapshotFeed();
  readonly #alarm = createAlarm();
  readonly #closing = new AbortController();
  #failing = false;
  #instances = new Map<string, Instance>();
  // Key to mod_revision of what could not be read, so as to tell it once.
  #skipped = new Map<string, string>();

  constructor(options: EtcdDirectoryOptions) {
    const etcd = resolveEtcdOptions(options);
    this.#hosts = etcd.hosts;
    this.#namespace = etcd.namespace;
    this.#prefix = instancePrefix(etcd.namespace);
    this.#connection = createConnection(etcd);
    void this.#run();
  }

  get snapshot(): Snapshot {
    return this.#feed.snapshot;
  }

  subscribe(observer: (snapshot: Snapshot) => void): () => void {
    return this.#feed.subscribe(observer);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#connection.drop();
    this.#alarm.ring();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const startedAt = performance.now();
      const reason = await this.#follow(signal).catch((error) =>
        this.#connection.explain(error),
      );
      if (signal.aborted) return;
      this.#connection.drop();
      this.#feed.lost(reason);
      if (!this.#failing) {
        const hosts = this.#hosts;
        registryFailures.publish({ role: "directory", hosts, reason });
      }
      this.#failing = true;
      if (performance.now() - startedAt > SOUND_MS) this.#backoff.reset();
      await this.#alarm.wait(this.#backoff.next());
    }
  }

  // Ends with an error only, sooner or later.
  async #follow(signal: AbortSignal): Promise<never> {
    const client = this.#connection.client();
    const { revision, records } = await listPrefix(client.kv, this.#prefix);
    signal.throwIfAborted();
    this.#replace(records);
    return watchPrefix(client.watchClient, {
      prefix: this.#prefix,
      afterRevision: revision,
      signal,
      onEvents: (events) => this.#apply(events),
    });
  }

  #replace(records: readonly IKeyValue[]): void {
    const skippedBefore = this.#skipped;
    this.#instances = new Map();
    this.#skipped = new Map();
    for (const record of records) this.#put(record, skippedBefore);
    this.#failing = false;
    this.#feed.synced(this.#instances.values());
  }

  #apply(events: readonly IEvent[]): void {
    for (const { type, kv } of events) {
      if (type === "Put") {
        this.#put(kv, this.#skipped);
      } else {
        this.#instances.delete(kv.key.toString());
        this.#skipped.delete(kv.key.toString());
      }
    }
    this.#feed.synced(this.#instances.values());
  }

  #put(record: IKeyValue, skippedBefore: ReadonlyMap<string, string>): void {
    const key = record.key.toString();
    const instance = decodeRecord(
      key,
      record.value.toString(),
      this.#namespace,
    );
    if (instance instanceof Error) {
      const isNew = skippedBefore.get(key) !== record.mod_revision;
      this.#instances.delete(key);
      this.#skipped.set(key, record.mod_revision);
      if (isNew) skippedRecords.publish({ key, reason: instance });
    } else {
      this.#skipped.delete(key);
      this.#instances.set(key, instance);
    }
  }
}
