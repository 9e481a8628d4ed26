// Reads all that stands under a prefix, as of one moment.

import type { Etcd3, IKeyValue } from "etcd3";

/**
 * What stood under a prefix.
 */
export interface Listing {
  /** The moment. A watch from the next revision on misses nothing. */
  readonly revision: bigint;
  /** Who said so. */
  readonly clusterId: string;
  readonly records: readonly IKeyValue[];
}

/**
 * Options for listPrefix().
 */
export interface ListOptions {
  /** List keys that begin so. ASCII, not empty. */
  readonly prefix: string;
  /** How many keys to ask for at once. At least 1. */
  readonly pageKeys: number;
  /** Takes each page as it comes, to do something with it while waiting. */
  readonly onPage?: (page: readonly IKeyValue[]) => void;
}

/**
 * List what stands under a prefix, in pages of at most `pageKeys` that all show
 * the same revision.
 *
 * Rejects if etcd does not answer, if it compacts that revision meanwhile, or
 * if it comes back as another one, or as one that has lost its data.
 */
export async function listPrefix(
  kv: Etcd3["kv"],
  { prefix, pageKeys, onPage }: ListOptions,
): Promise<Listing> {
  const records: IKeyValue[] = [];
  let key = Buffer.from(prefix);
  let first: Pick<Listing, "revision" | "clusterId"> | undefined;
  for (;;) {
    const page = await kv.range({
      key,
      range_end: prefixEnd(prefix),
      limit: pageKeys,
      // 0 stands for the newest.
      revision: first === undefined ? 0 : String(first.revision),
    });
    const { cluster_id: clusterId, revision } = page.header;
    first ??= { clusterId, revision: BigInt(revision) };
    if (clusterId !== first.clusterId || BigInt(revision) < first.revision) {
      throw new Error("another etcd answers than at the beginning of the list");
    }
    for (const record of page.kvs) records.push(record);
    onPage?.(page.kvs);
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined) return { ...first, records };
    key = Buffer.concat([last.key, Buffer.of(0)]);
  }
}

/**
 * The first key behind all keys that begin with `prefix`, which must not be
 * empty and must be ASCII.
 */
export function prefixEnd(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  const last = end.length - 1;
  end[last] = (end[last] ?? 0) + 1;
  return end;
}
