// Random requests for etcd's API from a seed: few keys, values and leases, so
// that requests hit each other; some of them wrong on purpose.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type Compare,
  Compare_CompareResult,
  Compare_CompareTarget,
  CompareSchema,
  DeleteRangeRequestSchema,
  PutRequestSchema,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
  RangeRequestSchema,
  type RequestOp,
  RequestOpSchema,
  TxnRequestSchema,
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
export function createRandomRequests(seed: number) {
  const random = createRandom(seed);
  const below = (n: number) => Math.floor(random() * n);
  const chance = (ratio: number) => random() < ratio;
  const pick = <T>(items: readonly T[]): T => {
    const item = items[below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  };
  const key = () => (chance(0.02) ? new Uint8Array(0) : bytes(pick(KEYS)));
  const rangeEnd = (ratio: number) =>
    chance(ratio) ? bytes(pick(ENDS)) : new Uint8Array(0);
  const revisionNear = (at: Position) => {
    if (chance(0.5)) return 0n;
    if (chance(0.05)) return -1n;
    return at.revision + 1n - BigInt(below(40));
  };

  const range = (at: Position) =>
    create(RangeRequestSchema, {
      key: key(),
      rangeEnd: rangeEnd(0.8),
      limit: chance(0.4) ? BigInt(below(5)) - 1n : 0n,
      revision: revisionNear(at),
      sortOrder: pick(Object.values(RangeRequest_SortOrder)),
      sortTarget: pick(Object.values(RangeRequest_SortTarget)),
      serializable: chance(0.2),
      keysOnly: chance(0.2),
      countOnly: chance(0.15),
      minModRevision: chance(0.1) ? revisionNear(at) : 0n,
      maxModRevision: chance(0.1) ? revisionNear(at) : 0n,
      minCreateRevision: chance(0.1) ? revisionNear(at) : 0n,
      maxCreateRevision: chance(0.1) ? revisionNear(at) : 0n,
    });

  const put = (mayIgnore: boolean) => {
    const ignoreValue = mayIgnore && chance(0.1);
    const ignoreLease = mayIgnore && chance(0.1);
    return create(PutRequestSchema, {
      key: key(),
      value: ignoreValue && chance(0.9) ? bytes("") : bytes(pick(VALUES)),
      lease: ignoreLease && chance(0.9) ? 0n : pick(LEASES),
      prevKv: chance(0.4),
      ignoreValue,
      ignoreLease,
    });
  };

  const deleteRange = () =>
    create(DeleteRangeRequestSchema, {
      key: key(),
      rangeEnd: rangeEnd(0.3),
      prevKv: chance(0.5),
    });

  const compare = (at: Position): Compare => {
    const number = () => pick([0n, 1n, 2n, at.revision, revisionNear(at)]);
    const unions: Compare["targetUnion"][] = [
      { case: "version", value: number() },
      { case: "createRevision", value: number() },
      { case: "modRevision", value: number() },
      { case: "value", value: bytes(pick(VALUES)) },
      { case: "lease", value: pick(LEASES) },
    ];
    const target = pick(Object.values(Compare_CompareTarget));
    const fitting = unions[target] ?? { case: undefined };
    return create(CompareSchema, {
      key: key(),
      rangeEnd: rangeEnd(0.2),
      target,
      result: pick(Object.values(Compare_CompareResult)),
      targetUnion: chance(0.95) ? fitting : pick(unions),
    });
  };

  const txn = (at: Position, depth = 0, ignores = chance(0.5)) => {
    // Never both: etcd itself crashes when a put that keeps a key's value or
    // lease follows a delete of that key which its overlap check let through.
    const operation = (): RequestOp => {
      const kind = random();
      const init: MessageInitShape<typeof RequestOpSchema>["request"] =
        kind < 0.4
          ? { case: "requestPut", value: put(ignores) }
          : kind < 0.7
            ? { case: "requestRange", value: range(at) }
            : kind < 0.8 && depth < 2
              ? { case: "requestTxn", value: txn(at, depth + 1, ignores) }
              : !ignores && kind < 0.99
                ? { case: "requestDeleteRange", value: deleteRange() }
                : kind < 0.99
                  ? { case: "requestRange", value: range(at) }
                  : { case: undefined };
      return create(RequestOpSchema, { request: init });
    };
    const some = <T>(make: () => T) => Array.from({ length: below(4) }, make);
    return create(TxnRequestSchema, {
      compare: chance(0.7) ? [compare(at)] : some(() => compare(at)),
      success: some(operation),
      failure: some(operation),
    });
  };

  const watch = (at: Position) => {
    const startRevision = chance(0.3)
      ? 0n
      : at.revision + 3n - BigInt(below(40));
    return create(WatchCreateRequestSchema, {
      key: chance(0.05) ? new Uint8Array(0) : bytes(pick(KEYS)),
      rangeEnd: rangeEnd(0.7),
      // A delete in exactly the compacted revision is watchable here and in
      // newer versions of etcd, but was forgotten by old ones.
      startRevision:
        startRevision === at.compactRevision
          ? startRevision + 1n
          : startRevision,
      prevKv: chance(0.5),
      filters: Object.values(WatchCreateRequest_FilterType).filter(() =>
        chance(0.1),
      ),
      watchId: chance(0.1) ? BigInt(below(12)) : 0n,
    });
  };

  const lease = () => pick(LEASES);
  return { below, chance, lease, range, put, deleteRange, txn, watch };
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
