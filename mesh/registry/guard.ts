// Tells a crash from a catastrophe of the registry: many instances that vanish
// at once, without having said that they leave, are kept as suspects.
//
// Keys end with their leases, and leases end wrongly too: etcd's data is wiped,
// an operator deletes a prefix, a stalled leader revokes everything. Eureka's
// "self preservation" and Envoy's panic threshold answer the same question.
// Counted is for each service, and for all instances together. One that is
// alone does not count as "all": if it vanishes, it was most likely killed. Who
// comes anew stands in for one that vanished: restarts are no catastrophe.
//
// Pure: the caller says what time it is.

import { type Instance, State } from "../../core/index.ts";

/**
 * Thresholds of a Guard.
 */
export interface GuardOptions {
  /** Departures within this time count as one event, in milliseconds. */
  readonly windowMs: number;
  /** How long suspects are kept, from when they vanished, in milliseconds. */
  readonly graceMs: number;
  /** So many may always vanish, unless they are all there are. */
  readonly allowance: number;
  /** The share, 0 to 1, that may vanish. The larger of both limits counts. */
  readonly ratio: number;
}

/**
 * What came, changed or left, under a key of its own.
 */
export interface Change<T extends Entry> {
  readonly key: string;
  /** What stood there; undefined for nothing. */
  readonly before: T | undefined;
  /** What stands there now; undefined for nothing. */
  readonly after: T | undefined;
}

/** Something with an instance. */
export interface Entry {
  readonly instance: Instance;
}

/**
 * What is to be shown of an entry.
 */
export interface Verdict<T extends Entry> {
  readonly key: string;
  readonly entry: T;
  readonly presence: Presence;
}

/** Whether an instance is there, might be there, or is not. */
export type Presence = "here" | "suspect" | "gone";

// The group of all instances. No service is called so.
const ALL = "*";

interface Missing<T> {
  readonly entry: T;
  readonly vanishedAt: number;
}

// The instances of a service, or all.
interface Group<T> {
  /** How many are there and have not announced to leave. */
  present: number;
  /** Who vanished: within the window, or, once tripped, within the grace time. */
  readonly missing: Map<string, Missing<T>>;
  tripped: boolean;
}

/**
 * Decides what becomes of instances that vanished.
 */
export class Guard<T extends Entry> {
  readonly #options: GuardOptions;
  readonly #groups = new Map<string, Group<T>>();
  readonly #shaken = new Set<string>();
  readonly #suspects = new Map<string, Missing<T>>();
  // All of the time in which it matters, in the order of their departure.
  readonly #vanished = new Map<string, Missing<T>>();
  #dueAt = Infinity;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** When sweep() should be called next, as the caller's clock counts. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** Those that are kept though they vanished. */
  get suspects(): readonly T[] {
    return Array.from(this.#suspects.values(), ({ entry }) => entry);
  }

  /** Judge a change. May bring back others that vanished shortly before. */
  judge(change: Change<T>, now: number): Verdict<T>[] {
    const { key, before, after } = change;
    if (after !== undefined) {
      const isNew = !this.#forget(key) && before === undefined;
      if (isNew) this.#standIn(after);
      this.#count(before, -1);
      this.#count(after, 1);
      return [{ key, entry: after, presence: "here" }];
    }
    if (before === undefined) return [];
    this.#count(before, -1);
    if (!isStaying(before)) return [{ key, entry: before, presence: "gone" }];
    return this.#vanish(key, { entry: before, vanishedAt: now });
  }

  /** Let go of the suspects whose time is over. */
  sweep(now: number): Verdict<T>[] {
    const { windowMs, graceMs } = this.#options;
    const verdicts: Verdict<T>[] = [];
    this.#dueAt = Infinity;
    for (const name of this.#shaken) this.#sweepGroup(name, now);
    const keptMs = Math.max(windowMs, graceMs);
    for (const [key, { vanishedAt }] of this.#vanished) {
      if (vanishedAt + keptMs > now) {
        this.#expect(vanishedAt + keptMs);
        break;
      }
      this.#vanished.delete(key);
    }
    for (const [key, { entry, vanishedAt }] of this.#suspects) {
      if (vanishedAt + graceMs > now) continue;
      this.#suspects.delete(key);
      verdicts.push({ key, entry, presence: "gone" });
    }
    return verdicts;
  }

  #sweepGroup(name: string, now: number): void {
    const { windowMs, graceMs } = this.#options;
    const group = this.#group(name);
    const keptMs = group.tripped ? graceMs : windowMs;
    for (const [key, { vanishedAt }] of group.missing) {
      if (vanishedAt + keptMs > now) {
        this.#expect(vanishedAt + keptMs);
        break;
      }
      group.missing.delete(key);
    }
    this.#settle(name, group);
  }

  #vanish(key: string, missing: Missing<T>): Verdict<T>[] {
    const { entry, vanishedAt } = missing;
    this.#vanished.set(key, missing);
    const back = new Map<string, Missing<T>>();
    for (const name of groupsOf(entry)) {
      const group = this.#group(name);
      if (!group.tripped) this.#prune(group, vanishedAt);
      group.missing.set(key, missing);
      this.#shaken.add(name);
      const wasTripped = group.tripped;
      group.tripped ||= this.#isTooMuch(group);
      if (!group.tripped) this.#expect(vanishedAt + this.#options.windowMs);
      else if (wasTripped) back.set(key, missing);
      else for (const [other, its] of group.missing) back.set(other, its);
    }
    if (back.size === 0) return [{ key, entry, presence: "gone" }];
    const verdicts: Verdict<T>[] = [];
    for (const [each, its] of back) {
      if (this.#suspects.has(each)) continue;
      this.#suspects.set(each, its);
      this.#expect(its.vanishedAt + this.#options.graceMs);
      verdicts.push({ key: each, entry: its.entry, presence: "suspect" });
    }
    return verdicts;
  }

  #isTooMuch({ present, missing }: Group<T>): boolean {
    const { allowance, ratio, graceMs } = this.#options;
    if (graceMs <= 0) return false;
    const total = present + missing.size;
    if (present === 0 && total >= 2) return true;
    return missing.size > Math.max(allowance, ratio * total);
  }

  // What came back is missing nowhere. Tells whether it was missing.
  #forget(key: string): boolean {
    const missing = this.#vanished.get(key);
    if (missing === undefined) return false;
    this.#vanished.delete(key);
    this.#suspects.delete(key);
    for (const name of groupsOf(missing.entry)) {
      const group = this.#groups.get(name);
      if (group === undefined) continue;
      group.missing.delete(key);
      this.#settle(name, group);
    }
    return true;
  }

  // It makes up for the first that vanished, where nobody is doubted yet.
  #standIn(entry: T): void {
    for (const name of groupsOf(entry)) {
      const group = this.#groups.get(name);
      if (group === undefined || group.tripped) continue;
      for (const key of group.missing.keys()) {
        group.missing.delete(key);
        break;
      }
      this.#settle(name, group);
    }
  }

  #prune(group: Group<T>, now: number): void {
    for (const [key, { vanishedAt }] of group.missing) {
      if (vanishedAt + this.#options.windowMs > now) return;
      group.missing.delete(key);
    }
  }

  #count(entry: T | undefined, by: number): void {
    if (entry === undefined || !isStaying(entry)) return;
    for (const name of groupsOf(entry)) {
      const group = this.#group(name);
      group.present += by;
      this.#settle(name, group);
    }
  }

  #group(name: string): Group<T> {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = { present: 0, missing: new Map(), tripped: false };
      this.#groups.set(name, group);
    }
    return group;
  }

  #settle(name: string, group: Group<T>): void {
    if (group.missing.size > 0) return;
    group.tripped = false;
    this.#shaken.delete(name);
    if (group.present === 0) this.#groups.delete(name);
  }

  #expect(at: number): void {
    this.#dueAt = Math.min(this.#dueAt, at);
  }
}

// Who has not announced to leave.
function isStaying({ instance }: Entry): boolean {
  return instance.state !== State.DRAINING;
}

function groupsOf({ instance }: Entry): Set<string> {
  return new Set([ALL, ...instance.services]);
}
