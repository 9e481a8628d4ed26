// Decides a transaction: evaluates its comparisons, those of nested
// transactions too, against the data as it is before anything is written.

import type { KeyValue } from "../gen/etcd/kv_pb.ts";
import {
  type Compare,
  type DeleteRangeRequest,
  type PutRequest,
  type RangeRequest,
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
  type TxnRequest,
} from "../gen/etcd/rpc_pb.ts";
import type { KeySpace } from "./key-space.ts";
import { toKeyRange } from "./keys.ts";

/**
 * What a transaction is going to do.
 */
export interface Plan {
  readonly succeeded: boolean;
  readonly steps: readonly Step[];
}

/**
 * One operation of a plan.
 */
export type Step =
  | { readonly kind: "range"; readonly request: RangeRequest }
  | { readonly kind: "put"; readonly request: PutRequest }
  | { readonly kind: "deleteRange"; readonly request: DeleteRangeRequest }
  | { readonly kind: "txn"; readonly plan: Plan };

/**
 * Decide which branches of a checked transaction run.
 */
export function planTxn(keySpace: KeySpace, request: TxnRequest): Plan {
  const succeeded = request.compare.every((c) => isTrue(keySpace, c));
  const operations = succeeded ? request.success : request.failure;
  const steps = operations.flatMap(({ request }): Step[] => {
    switch (request.case) {
      case "requestRange":
        return [{ kind: "range", request: request.value }];
      case "requestPut":
        return [{ kind: "put", request: request.value }];
      case "requestDeleteRange":
        return [{ kind: "deleteRange", request: request.value }];
      case "requestTxn":
        return [{ kind: "txn", plan: planTxn(keySpace, request.value) }];
      default:
        return []; // refused by checkTxn()
    }
  });
  return { succeeded, steps };
}

/**
 * The operations of a plan and of the plans in it, in the order they run.
 */
export function* flatSteps(
  plan: Plan,
): Generator<Exclude<Step, { kind: "txn" }>> {
  for (const step of plan.steps) {
    if (step.kind === "txn") yield* flatSteps(step.plan);
    else yield step;
  }
}

/** A comparison holds if it holds for every key of its range. */
function isTrue(keySpace: KeySpace, comparison: Compare): boolean {
  const { key, rangeEnd, target } = comparison;
  const kvs = keySpace.range(toKeyRange(key, rangeEnd));
  if (kvs.length > 0) return kvs.every((kv) => compareOne(comparison, kv));
  // A missing key has revisions, version and lease 0, but no value.
  return target !== Target.Value && compareOne(comparison, undefined);
}

function compareOne(comparison: Compare, kv: KeyValue | undefined): boolean {
  const order = orderOf(comparison, kv);
  switch (comparison.result) {
    case Result.Equal:
      return order === 0;
    case Result.NotEqual:
      return order !== 0;
    case Result.Greater:
      return order > 0;
    case Result.Less:
      return order < 0;
    default:
      return true; // a result of a later version; etcd ignores it too
  }
}

/** Negative, 0 or positive, as the key's field is less, equal or greater. */
function orderOf(comparison: Compare, kv: KeyValue | undefined): number {
  const { target, targetUnion } = comparison;
  if (target === Target.Value) {
    const value = targetUnion.case === "value" ? targetUnion.value : NO_BYTES;
    return Buffer.compare(kv?.value ?? NO_BYTES, value);
  }
  const field = targetFields[target];
  if (field === undefined) return 0;
  // A union that does not fit the target counts as not given, that is as 0.
  const wanted = targetUnion.case === field ? (targetUnion.value ?? 0n) : 0n;
  const actual = kv?.[field] ?? 0n;
  return actual < wanted ? -1 : actual > wanted ? 1 : 0;
}

const NO_BYTES = new Uint8Array(0);

const targetFields: Readonly<
  Record<number, "version" | "createRevision" | "modRevision" | "lease">
> = {
  [Target.Version]: "version",
  [Target.Create]: "createRevision",
  [Target.Mod]: "modRevision",
  [Target.Lease]: "lease",
};
