// What etcd holds under the prefix, as far as we were told, record by record.
//
// Keeps the order: what is older than what is known is ignored, wherever it
// comes from. A value that can't be read is counted and reported once for each
// time it was written, and hides nobody else.

import { hash } from "node:crypto";
import type { IEvent, IKeyValue } from "etcd3";
import { equalInstances, type Instance } from "../../../core/index.ts";
import { skippedRecords } from "../diagnostics.ts";
import type { Change } from "../guard.ts";
import type { LiveEntry } from "../live-feed.ts";
import { createSharing } from "../sharing.ts";
import type { Listing } from "./range.ts";

/** Reads a value; see decodeRecord(). */
export type Decode = (key: string, value: string) => Instance | Error;

// What stands under a key: an instance, or something that was skipped.
interface Known {
  readonly modRevision: number;
  readonly entry: LiveEntry | undefined;
}

type RecordChange = Change<LiveEntry>;

/**
 * Records under one prefix; none at first.
 */
export class Records {
  readonly #decode: Decode;
  readonly #keepTexts: boolean;
  readonly #share = createSharing();
  #known = new Map<string, Known>();
  #revision = 0;
  #skipped = 0;
  #skippedTotal = 0;
  // What was watched while a list is under way.
  #meanwhile: IEvent[] | undefined;
  // What was read of its first pages.
  readonly #foreseen = new Map<string, LiveEntry>();

  /**
   * With `keepTexts` the texts stay at hand, for values(). Else a digest of each
   * does, to tell whether it changed: texts are half of the memory.
   */
  constructor(decode: Decode, keepTexts = false) {
    this.#decode = decode;
    this.#keepTexts = keepTexts;
  }

  /** The newest revision that was applied. */
  get revision(): number {
    return this.#revision;
  }

  /** How many values can't be read at this moment. */
  get skipped(): number {
    return this.#skipped;
  }

  /** How many times a value that can't be read was met. */
  get skippedTotal(): number {
    return this.#skippedTotal;
  }

  /** The texts of all records that can be read, if they are kept. */
  *values(): Generator<string> {
    for (const { entry } of this.#known.values()) {
      if (entry !== undefined) yield entry.value;
    }
  }

  /** Begin with what another process knew. All that etcd says is newer. */
  recall(entries: Iterable<readonly [string, LiveEntry]>): RecordChange[] {
    const changes: RecordChange[] = [];
    for (const [key, after] of entries) {
      this.#known.set(key, { modRevision: 0, entry: after });
      changes.push({ key, before: undefined, after });
    }
    return changes;
  }

  /** A list begins. What apply() is given from now on may be newer than it. */
  beginList(): void {
    this.#meanwhile = [];
    this.#foreseen.clear();
  }

  /**
   * A page of the list is here: read what is new in it. Reading 10,000 records
   * takes half a second, which is too long for one piece.
   */
  foresee(page: readonly IKeyValue[]): void {
    for (const record of page) {
      const key = record.key.toString();
      const text = record.value.toString();
      const value = this.#toValue(text);
      if (this.#known.get(key)?.entry?.value === value) continue;
      const entry = this.#read(key, text, value);
      if (!(entry instanceof Error)) this.#foreseen.set(key, entry);
    }
  }

  /** The list is here. It is the truth, whatever its revision. */
  replace({ revision, records }: Listing): RecordChange[] {
    const before = this.#known;
    this.#known = new Map();
    this.#skipped = 0;
    this.#revision = Number(revision);
    const changes: RecordChange[] = [];
    for (const record of records) {
      const key = record.key.toString();
      const change = this.#put(key, record, before.get(key));
      if (change !== undefined) changes.push(change);
      before.delete(key);
    }
    for (const [key, { entry }] of before) {
      if (entry !== undefined) {
        changes.push({ key, before: entry, after: undefined });
      }
    }
    this.#foreseen.clear();
    const newer = this.#meanwhile ?? [];
    this.#meanwhile = undefined;
    return changes.concat(this.apply(newer));
  }

  /** The watch says this. */
  apply(events: readonly IEvent[]): RecordChange[] {
    const changes: RecordChange[] = [];
    for (const event of events) {
      this.#meanwhile?.push(event);
      const revision = Number(event.kv.mod_revision);
      // Equal is no repetition: several keys may change in one revision.
      if (revision < this.#revision) continue;
      this.#revision = revision;
      const change = this.#applyOne(event);
      if (change !== undefined) changes.push(change);
    }
    return changes;
  }

  #applyOne({ type, kv }: IEvent): RecordChange | undefined {
    const key = kv.key.toString();
    const known = this.#known.get(key);
    if (known !== undefined && known.modRevision >= Number(kv.mod_revision)) {
      return undefined;
    }
    this.#known.delete(key);
    if (known !== undefined && known.entry === undefined) this.#skipped--;
    if (type === "Put") return this.#put(key, kv, known);
    if (known?.entry === undefined) return undefined;
    return { key, before: known.entry, after: undefined };
  }

  // Takes in a record; `known` is what stood there before, not counted any more.
  #put(
    key: string,
    record: IKeyValue,
    known: Known | undefined,
  ): RecordChange | undefined {
    const modRevision = Number(record.mod_revision);
    const text = record.value.toString();
    const value = this.#toValue(text);
    const before = known?.entry;
    // Compared by what it says: after etcd lost its data the same revision may
    // stand for something else.
    const after =
      before?.value === value ? before : this.#read(key, text, value);
    if (after instanceof Error) {
      const isNew = known?.modRevision !== modRevision || before !== undefined;
      this.#skip(key, after, isNew);
      this.#known.set(key, { modRevision, entry: undefined });
    } else {
      this.#known.set(key, { modRevision, entry: after });
    }
    const entry = after instanceof Error ? undefined : after;
    if (entry === before) return undefined;
    if (before && entry && equalInstances(before.instance, entry.instance)) {
      // Only the wording differs, or the moment.
      const { instance } = before;
      this.#known.set(key, { modRevision, entry: { instance, value } });
      return undefined;
    }
    return { key, before, after: entry };
  }

  #toValue(text: string): string {
    return this.#keepTexts ? text : hash("sha1", text, "base64");
  }

  #read(key: string, text: string, value: string): LiveEntry | Error {
    const foreseen = this.#foreseen.get(key);
    if (foreseen?.value === value) return foreseen;
    const instance = this.#decode(key, text);
    if (instance instanceof Error) return instance;
    return { instance: this.#share(instance), value };
  }

  #skip(key: string, reason: Error, isNew: boolean): void {
    this.#skipped++;
    if (!isNew) return;
    this.#skippedTotal++;
    skippedRecords.publish({ key, reason });
  }
}
