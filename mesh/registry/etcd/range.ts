// Reads all that stands under a prefix, as of one moment.

import type { Etcd3, IKeyValue } from "etcd3";

// A record is below 1 KiB, so a page is far below every limit on a message.
const PAGE_KEYS = 500;

/**
 * What stood under a prefix.
 */
export interface Listing {
  /** The moment. A watch from the next revision on misses nothing. */
  readonly revision: bigint;
  readonly records: readonly IKeyValue[];
}

/**
 * List what stands under a prefix, in pages that all show the same revision.
 */
export async function listPrefix(
  kv: Etcd3["kv"],
  prefix: string,
  pageKeys: number = PAGE_KEYS,
): Promise<Listing> {
  const records: IKeyValue[] = [];
  let key = Buffer.from(prefix);
  let revision: string | undefined;
  for (;;) {
    const page = await kv.range({
      key,
      range_end: prefixEnd(prefix),
      limit: pageKeys,
      // 0 stands for the newest.
      revision: revision ?? 0,
    });
    revision ??= page.header.revision;
    records.push(...page.kvs);
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined) {
      return { revision: BigInt(revision), records };
    }
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
