// Answers a RangeRequest from the key space: filters, order, limit.

import { create } from "@bufbuild/protobuf";
import { type KeyValue, KeyValueSchema } from "../gen/etcd/kv_pb.ts";
import {
  type RangeRequest,
  type RangeResponse,
  RangeResponseSchema,
  RangeRequest_SortOrder as SortOrder,
  RangeRequest_SortTarget as SortTarget,
} from "../gen/etcd/rpc_pb.ts";
import type { KeySpace } from "./key-space.ts";
import { toKeyRange } from "./keys.ts";

/**
 * Read a range. The response's header has only the revision.
 *
 * Keys that compare equal stay in the order of keys; etcd does not promise any.
 */
export function readRange(
  keySpace: KeySpace,
  request: RangeRequest,
): RangeResponse {
  const all = keySpace.range(
    toKeyRange(request.key, request.rangeEnd),
    request.revision,
  );
  const response = create(RangeResponseSchema, {
    header: { revision: keySpace.viewRevision },
    // Of the whole range: neither filters nor the limit change it.
    count: BigInt(all.length),
  });
  if (request.countOnly) return response;
  const sorted = sort(filter(fetch(all, request), request), request);
  const limit = limitOf(request);
  const kept = sorted.slice(0, limit);
  response.more = kept.length < sorted.length;
  response.kvs = request.keysOnly ? kept.map(withoutValue) : kept;
  return response;
}

function limitOf(request: RangeRequest): number {
  return request.limit > 0n ? Number(request.limit) : Number.POSITIVE_INFINITY;
}

/**
 * What etcd reads before it filters and sorts: everything if the request asks
 * for either, else one more than the limit. A sort target without a sort order
 * does not count as asking, though it sorts: so it sorts only the first keys.
 */
function fetch(all: KeyValue[], request: RangeRequest): KeyValue[] {
  const needsAll =
    request.sortOrder !== SortOrder.None ||
    request.minModRevision !== 0n ||
    request.maxModRevision !== 0n ||
    request.minCreateRevision !== 0n ||
    request.maxCreateRevision !== 0n;
  return needsAll ? all : all.slice(0, limitOf(request) + 1);
}

function filter(kvs: KeyValue[], request: RangeRequest): KeyValue[] {
  const isMod = within(request.minModRevision, request.maxModRevision);
  const isCreate = within(request.minCreateRevision, request.maxCreateRevision);
  return kvs.filter(
    (kv) => isMod(kv.modRevision) && isCreate(kv.createRevision),
  );
}

/** Bounds are inclusive; 0 means none. */
function within(min: bigint, max: bigint): (revision: bigint) => boolean {
  return (revision) =>
    (min === 0n || revision >= min) && (max === 0n || revision <= max);
}

function sort(kvs: KeyValue[], request: RangeRequest): KeyValue[] {
  const { sortOrder, sortTarget } = request;
  if (sortOrder === SortOrder.None && sortTarget === SortTarget.Key) return kvs;
  const compare = comparators[sortTarget];
  if (compare === undefined) return kvs;
  const sign = sortOrder === SortOrder.Descend ? -1 : 1;
  return kvs.toSorted((a, b) => sign * compare(a, b));
}

const comparators: Readonly<
  Record<number, (a: KeyValue, b: KeyValue) => number>
> = {
  [SortTarget.Key]: (a, b) => Buffer.compare(a.key, b.key),
  [SortTarget.Version]: (a, b) => Number(a.version - b.version),
  [SortTarget.Create]: (a, b) => Number(a.createRevision - b.createRevision),
  [SortTarget.Mod]: (a, b) => Number(a.modRevision - b.modRevision),
  [SortTarget.Value]: (a, b) => Buffer.compare(a.value, b.value),
};

function withoutValue(kv: KeyValue): KeyValue {
  const { key, createRevision, modRevision, version, lease } = kv;
  return create(KeyValueSchema, {
    key,
    createRevision,
    modRevision,
    version,
    lease,
  });
}
