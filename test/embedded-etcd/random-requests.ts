// Random requests for etcd's API from a seed: few keys, values and leases, so
// that requests hit each other; some of them wrong on purpose.

import { create } from "@bufbuild/protobuf";
import {
  type Compare,
  Compare_CompareResult,
  Compare_CompareTarget,
  CompareSchema,
  type DeleteRangeRequest,
  DeleteRangeRequestSchema,
  type PutRequest,
  PutRequestSchema,
  type RangeRequest,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
  RangeRequestSchema,
  type RequestOp,
  RequestOpSchema,
  type TxnRequest,
  TxnRequestSchema,
  type WatchCreateRequest,
  WatchCreateRequest_FilterType,
  WatchCreateRequestSchema,
} from "../../gen/etcd/rpc_pb.ts";

// At most 12 keys: up to there etcd's sort keeps the order of equal elements.
const KEYS = ["a", "ab", "abc", "b", "b/1", "b/2", "c", "d", "e", "\u00ff"];
const ENDS = [...KEYS, "b0", "f", "\0", "\0"];
const VALUES = ["", "x", "y", "longer than the others"];
const LEASES = [0n, 0n, 0n, 101n, 102n, 103n, 104n];

/**
 * Where the store is, as far as requests are concerned.
 */
export interface Position {
  readonly revision: bigint;
  readonly compactRevision: bigint;
}

/**
 * A seeded source of requests.
 */
export class RandomRequests {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = createRandom(seed);
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  chance(ratio: number): boolean {
    return this.#random() < ratio;
  }

  lease(): bigint {
    return this.#pick(LEASES);
  }

  range(at: Position): RangeRequest {
    const bound = () => (this.chance(0.1) ? this.#revisionNear(at) : 0n);
    return create(RangeRequestSchema, {
      key: this.#key(),
      rangeEnd: this.#rangeEnd(0.8),
      limit: this.chance(0.4) ? BigInt(this.below(5)) - 1n : 0n,
      revision: this.#revisionNear(at),
      sortOrder: this.#pick(Object.values(RangeRequest_SortOrder)),
      sortTarget: this.#pick(Object.values(RangeRequest_SortTarget)),
      serializable: this.chance(0.2),
      keysOnly: this.chance(0.2),
      countOnly: this.chance(0.15),
      minModRevision: bound(),
      maxModRevision: bound(),
      minCreateRevision: bound(),
      maxCreateRevision: bound(),
    });
  }

  put(mayIgnore = true): PutRequest {
    const ignoreValue = mayIgnore && this.chance(0.1);
    const ignoreLease = mayIgnore && this.chance(0.1);
    // Mostly without what is to be ignored: with it, the put is refused.
    const hasValue = !ignoreValue || this.chance(0.1);
    const hasLease = !ignoreLease || this.chance(0.1);
    return create(PutRequestSchema, {
      key: this.#key(),
      value: bytes(hasValue ? this.#pick(VALUES) : ""),
      lease: hasLease ? this.lease() : 0n,
      prevKv: this.chance(0.4),
      ignoreValue,
      ignoreLease,
    });
  }

  deleteRange(): DeleteRangeRequest {
    return create(DeleteRangeRequestSchema, {
      key: this.#key(),
      rangeEnd: this.#rangeEnd(0.3),
      prevKv: this.chance(0.5),
    });
  }

  /** A transaction, with others in it up to the third level. */
  txn(at: Position, level = 1, mayIgnore = this.chance(0.5)): TxnRequest {
    const operations = () =>
      this.#some(() => this.#operation(at, level, mayIgnore));
    return create(TxnRequestSchema, {
      compare: this.chance(0.7)
        ? [this.#compare(at)]
        : this.#some(() => this.#compare(at)),
      success: operations(),
      failure: operations(),
    });
  }

  watch(at: Position): WatchCreateRequest {
    const start = this.chance(0.3)
      ? 0n
      : at.revision + 3n - BigInt(this.below(40));
    return create(WatchCreateRequestSchema, {
      key: this.chance(0.05) ? bytes("") : bytes(this.#pick(KEYS)),
      rangeEnd: this.#rangeEnd(0.7),
      // A delete in exactly the compacted revision is watchable here and in
      // newer versions of etcd, but was forgotten by old ones.
      startRevision: start === at.compactRevision ? start + 1n : start,
      prevKv: this.chance(0.5),
      filters: Object.values(WatchCreateRequest_FilterType).filter(() =>
        this.chance(0.1),
      ),
      watchId: this.chance(0.1) ? BigInt(this.below(12)) : 0n,
    });
  }

  /**
   * Deletes and puts that keep the value or the lease never come in the same
   * transaction: etcd itself crashes if its overlap check lets them through.
   */
  #operation(at: Position, level: number, mayIgnore: boolean): RequestOp {
    const kind = this.#random();
    const request = ((): RequestOp["request"] => {
      if (kind < 0.4) return { case: "requestPut", value: this.put(mayIgnore) };
      if (kind < 0.5 && level < 3) {
        const value = this.txn(at, level + 1, mayIgnore);
        return { case: "requestTxn", value };
      }
      if (kind < 0.7 && !mayIgnore) {
        return { case: "requestDeleteRange", value: this.deleteRange() };
      }
      if (kind > 0.99) return { case: undefined };
      return { case: "requestRange", value: this.range(at) };
    })();
    return create(RequestOpSchema, { request });
  }

  #compare(at: Position): Compare {
    const near = this.#revisionNear(at);
    const number = () => this.#pick([0n, 1n, 2n, at.revision, near]);
    const unions: Compare["targetUnion"][] = [
      { case: "version", value: number() },
      { case: "createRevision", value: number() },
      { case: "modRevision", value: number() },
      { case: "value", value: bytes(this.#pick(VALUES)) },
      { case: "lease", value: this.lease() },
    ];
    const target = this.#pick(Object.values(Compare_CompareTarget));
    const fitting = unions[target] ?? { case: undefined };
    return create(CompareSchema, {
      key: this.#key(),
      rangeEnd: this.#rangeEnd(0.2),
      target,
      result: this.#pick(Object.values(Compare_CompareResult)),
      targetUnion: this.chance(0.95) ? fitting : this.#pick(unions),
    });
  }

  #key(): Uint8Array {
    return bytes(this.chance(0.02) ? "" : this.#pick(KEYS));
  }

  #rangeEnd(ratio: number): Uint8Array {
    return bytes(this.chance(ratio) ? this.#pick(ENDS) : "");
  }

  /** Mostly 0, which means now; else up to 40 revisions back, or just ahead. */
  #revisionNear(at: Position): bigint {
    if (this.chance(0.5)) return 0n;
    if (this.chance(0.05)) return -1n;
    return at.revision + 1n - BigInt(this.below(40));
  }

  #some<T>(make: () => T): T[] {
    return Array.from({ length: this.below(4) }, make);
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }
}

/**
 * A repeatable source of numbers in [0, 1): mulberry32.
 */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}
