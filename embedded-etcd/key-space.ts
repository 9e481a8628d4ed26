// The key space: every key with the versions it had, numbered by revision
// ("multi-version concurrency control"). No I/O, no clock, no RPC messages but
// KeyValue.
//
// Revisions begin at 1, which has no changes. A write transaction is opened by
// its first put or delete and ended by commit(); all its changes carry the one
// new revision. Since each revision from 2 on has changes, the history is a
// plain array indexed by revision.

import { create } from "@bufbuild/protobuf";
import { type KeyValue, KeyValueSchema } from "../gen/etcd/kv_pb.ts";
import { etcdErrors } from "./errors.ts";
import { fromKey, type Key, type KeyRange, successor } from "./keys.ts";
import { SortedKeys } from "./sorted-keys.ts";

/**
 * A key was put or deleted. A deletion's `kv` has only key and mod_revision.
 */
export interface Change {
  readonly key: Key;
  readonly kv: KeyValue;
  readonly deleted: boolean;
}

/**
 * Keys, their history, and the revision they are at.
 */
export class KeySpace {
  #revision = 1n;
  // Below every revision, so that even revision 0 can be compacted once: etcd
  // does the same.
  #compactRevision = -1n;
  readonly #keys = new SortedKeys();
  readonly #changesOf = new Map<Key, Change[]>();
  readonly #keysOfLease = new Map<bigint, Set<Key>>();
  #history: Change[][] = [];
  #historyStart = 2n;
  #open: Change[] = [];
  readonly #listeners = new Set<() => void>();

  /** The revision of the last committed transaction. */
  get revision(): bigint {
    return this.#revision;
  }

  /** Reads below this revision fail. -1 before the first compaction. */
  get compactRevision(): bigint {
    return this.#compactRevision;
  }

  /** What a read sees now: the open transaction's revision, if it changed something. */
  get viewRevision(): bigint {
    return this.#open.length > 0 ? this.#revision + 1n : this.#revision;
  }

  /**
   * The value of a key at a revision; undefined if there was none. The
   * revision is not checked: see range().
   */
  get(key: Key, revision: bigint = this.viewRevision): KeyValue | undefined {
    const last = this.#changesOf
      .get(key)
      ?.findLast((change) => change.kv.modRevision <= revision);
    return last === undefined || last.deleted ? undefined : last.kv;
  }

  /**
   * The values in a range in the order of keys, at a revision (0 or less: now).
   *
   * Throws etcd's errors if the revision is compacted or in the future.
   */
  range(range: KeyRange, atRevision = 0n): KeyValue[] {
    if (atRevision > this.viewRevision) throw etcdErrors.futureRevision();
    const revision = atRevision <= 0n ? this.viewRevision : atRevision;
    if (revision < this.#compactRevision) throw etcdErrors.compacted();
    const found: KeyValue[] = [];
    for (const key of this.#keysIn(range)) {
      const kv = this.get(key, revision);
      if (kv !== undefined) found.push(kv);
    }
    return found;
  }

  /**
   * Put a value in the open transaction.
   */
  put(key: Key, value: Uint8Array, lease: bigint): void {
    const previous = this.get(key);
    const modRevision = this.#revision + 1n;
    const kv = create(KeyValueSchema, {
      key: fromKey(key),
      createRevision: previous?.createRevision ?? modRevision,
      modRevision,
      version: (previous?.version ?? 0n) + 1n,
      // A copy: the request's bytes are a view of everything that arrived with it.
      value: value.slice(),
      lease,
    });
    this.#record({ key, kv, deleted: false });
    if (previous !== undefined) this.#detach(previous.lease, key);
    this.#attach(lease, key);
  }

  /**
   * Delete the keys of a range in the open transaction. Returns what they held.
   */
  delete(range: KeyRange): KeyValue[] {
    const deleted = this.range(range);
    for (const kv of deleted) {
      const key = Buffer.from(kv.key).toString("latin1");
      const tombstone = create(KeyValueSchema, {
        key: kv.key,
        modRevision: this.#revision + 1n,
      });
      this.#record({ key, kv: tombstone, deleted: true });
      this.#detach(kv.lease, key);
    }
    return deleted;
  }

  /**
   * End the open transaction. Without a change there is no new revision.
   */
  commit(): void {
    if (this.#open.length === 0) return;
    this.#history.push(this.#open);
    this.#open = [];
    this.#revision += 1n;
    for (const listener of this.#listeners) listener();
  }

  /**
   * The changes that a revision made; none if it is compacted or not there yet.
   */
  changesAt(revision: bigint): readonly Change[] {
    return this.#history[Number(revision - this.#historyStart)] ?? [];
  }

  /**
   * The first revision whose changes are still known.
   */
  get historyStart(): bigint {
    return this.#historyStart;
  }

  /**
   * The keys that hold a value attached to a lease, in order.
   */
  keysOfLease(lease: bigint): Key[] {
    return [...(this.#keysOfLease.get(lease) ?? [])].sort();
  }

  /**
   * Forget what is only needed to read below a revision. Throws etcd's errors
   * if the revision is compacted already or in the future.
   */
  compact(revision: bigint): void {
    if (revision <= this.#compactRevision) throw etcdErrors.compacted();
    if (revision > this.#revision) throw etcdErrors.futureRevision();
    this.#compactRevision = revision;
    for (const [key, changes] of this.#changesOf) {
      const last = changes.findLastIndex((c) => c.kv.modRevision <= revision);
      if (last < 0) continue;
      changes.splice(0, changes[last]?.deleted ? last + 1 : last);
      if (changes.length > 0) continue;
      this.#changesOf.delete(key);
      this.#keys.delete(key);
    }
    const gone = Number(revision - this.#historyStart);
    if (gone <= 0) return;
    this.#history = this.#history.slice(gone);
    this.#historyStart = revision;
  }

  /**
   * Have a function called after each commit. Returns how to end that.
   */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #keysIn(range: KeyRange): Iterable<Key> {
    return range.to === successor(range.from)
      ? [range.from]
      : this.#keys.in(range);
  }

  #record(change: Change): void {
    this.#open.push(change);
    const changes = this.#changesOf.get(change.key);
    if (changes !== undefined) {
      changes.push(change);
      return;
    }
    this.#changesOf.set(change.key, [change]);
    this.#keys.add(change.key);
  }

  #attach(lease: bigint, key: Key): void {
    if (lease === 0n) return;
    const keys = this.#keysOfLease.get(lease);
    if (keys === undefined) this.#keysOfLease.set(lease, new Set([key]));
    else keys.add(key);
  }

  #detach(lease: bigint, key: Key): void {
    const keys = this.#keysOfLease.get(lease);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOfLease.delete(lease);
  }
}
