// Finds fields and names in an encoder's dynamic table, and decides which
// fields are worth a place in it: those seen for the second time, and one of
// those whose name keeps coming with other values, for the name's sake.
//
// Entries that were evicted are not looked for; they are recognised by their
// number when met, and swept when there are too many names.

import type { HeaderField } from "../header-block.ts";
import type { DynamicTable } from "./dynamic-table.ts";
import type { EncoderEntry } from "./header-field.ts";
import { findStaticName, STATIC_COUNT } from "./static-table.ts";

const MAX_NAMES = 256;
const MAX_CANDIDATES = 4;
const MAX_CANDIDATE_BYTES = 16_384;
const MISSES_PER_NAME_ENTRY = 8;

/** What is known of one name. */
export class NameRecord {
  /** Its first index in the static table, 0 if it has none. */
  readonly staticIndex: number;
  /** Dynamic entries of that name, the oldest first; some may be evicted. */
  entries: EncoderEntry[] = [];
  /** Values seen once, lately. */
  candidates: string[] = [];
  /** Which candidate is the next to be replaced. */
  next = 0;
  /** How often it had to be spelled out. */
  misses = 0;

  constructor(name: string) {
    this.staticIndex = findStaticName(name);
  }
}

let owners = 0;

/** The index of one encoder's table. */
export class EncoderIndex {
  readonly #table: DynamicTable;
  readonly #owner: number = ++owners;
  #names: Map<string, NameRecord> | undefined = undefined;
  /** How many characters all candidates have. */
  candidateBytes = 0;

  constructor(table: DynamicTable) {
    this.#table = table;
  }

  get nameCount(): number {
    return this.#names === undefined ? 0 : this.#names.size;
  }

  /** How many insertions old the entry by which it was sent is, or -1. */
  ageOfHint(field: HeaderField): number {
    const hint = field.encoderEntry;
    if (hint === undefined || hint.owner !== this.#owner) return -1;
    const age = this.#table.insertions - hint.sequence;
    return age < this.#table.count ? age : -1;
  }

  /** What is known of a name. The record is good for the field at hand. */
  recordOf(name: string): NameRecord {
    this.#names ??= new Map();
    let record = this.#names.get(name);
    if (record === undefined) {
      if (this.#names.size >= MAX_NAMES) this.#sweep();
      record = new NameRecord(name);
      this.#names.set(name, record);
    }
    return record;
  }

  /** How many insertions old the entry of that field is; -1 without one. */
  ageOf(field: HeaderField, record: NameRecord): number {
    const entries = record.entries;
    for (let i = entries.length - 1; i >= 0; i--) {
      const entry = entries[i] as EncoderEntry;
      const age = this.#table.insertions - entry.sequence;
      if (age >= this.#table.count) {
        // This one is evicted, hence all that are older as well.
        entries.splice(0, i + 1);
        return -1;
      }
      if (entry.value === field.value) {
        field.encoderEntry = entry;
        return age;
      }
    }
    return -1;
  }

  /** The index by which to name a field, 0 if there is none. */
  nameIndex(record: NameRecord): number {
    if (record.staticIndex > 0) return record.staticIndex;
    const newest = record.entries[record.entries.length - 1];
    if (newest === undefined) return 0;
    const age = this.#table.insertions - newest.sequence;
    return age < this.#table.count ? STATIC_COUNT + 1 + age : 0;
  }

  /** One field must not push out half of what the table has. */
  isTooLarge(field: HeaderField): boolean {
    return field.size * 2 > this.#table.maxBytes;
  }

  /**
   * Whether to insert a field that has no entry. Each question counts as one
   * appearance of the field.
   */
  isWorthInserting(value: string, record: NameRecord): boolean {
    if (this.#wasSeen(value, record)) return true;
    if (this.nameIndex(record) > 0) return false;
    record.misses++;
    return record.misses % MISSES_PER_NAME_ENTRY === 0;
  }

  /** Insert a field into the table. */
  insert(field: HeaderField, record: NameRecord): void {
    this.#table.insert(field);
    const entry: EncoderEntry = {
      owner: this.#owner,
      sequence: this.#table.insertions,
      value: field.value,
    };
    field.encoderEntry = entry;
    record.entries.push(entry);
  }

  /** Whether a value was seen before, lately. From now on it was. */
  #wasSeen(value: string, record: NameRecord): boolean {
    const candidates = record.candidates;
    for (let i = 0; i < candidates.length; i++) {
      if (candidates[i] !== value) continue;
      this.candidateBytes -= value.length;
      candidates.splice(i, 1);
      record.next = 0;
      return true;
    }
    this.#remember(record, value);
    return false;
  }

  #remember(record: NameRecord, value: string): void {
    if (this.candidateBytes + value.length > MAX_CANDIDATE_BYTES) {
      this.#forgetCandidates();
    }
    this.candidateBytes += value.length;
    const candidates = record.candidates;
    if (candidates.length < MAX_CANDIDATES) {
      candidates.push(value);
      return;
    }
    this.candidateBytes -= (candidates[record.next] as string).length;
    candidates[record.next] = value;
    record.next = (record.next + 1) % MAX_CANDIDATES;
  }

  #forgetCandidates(): void {
    this.candidateBytes = 0;
    for (const record of this.#names?.values() ?? []) {
      record.candidates = [];
      record.next = 0;
    }
  }

  /** Forget all names that have no entry in the table. */
  #sweep(): void {
    if (this.#names === undefined) return;
    const oldest = this.#table.insertions - this.#table.count;
    for (const [name, record] of this.#names) {
      record.entries = record.entries.filter((e) => e.sequence > oldest);
      if (record.entries.length === 0) this.#names.delete(name);
    }
    this.#forgetCandidates();
  }
}
