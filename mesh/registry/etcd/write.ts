// Writes a key that only we may write: compare-and-set until it stands, or
// until it turns out that somebody else holds it.
//
// It may be repeated after an answer that got lost: what carries our lease is
// ours, since no other process knows that lease.

import type { Etcd3, IKeyValue, IRequestOp } from "etcd3";
import { CompareResult, CompareTarget } from "etcd3";

/**
 * What is to stand under a key.
 */
export interface OwnRecord {
  readonly key: string;
  /** undefined to delete the key. */
  readonly value: string | undefined;
  /** The lease that marks the key as ours, and that it ends with. */
  readonly leaseId: string;
}

/**
 * Write, or delete, a key of our own. Returns what stands there if it is held
 * with another lease, or with none; then nothing is changed.
 */
export async function writeOwn(
  kv: Etcd3["kv"],
  record: OwnRecord,
): Promise<IKeyValue | undefined> {
  const key = Buffer.from(record.key);
  // What we believe to be there; 0 stands for no such key.
  let modRevision = "0";
  for (;;) {
    const reply = await kv.txn({
      compare: [
        {
          key,
          target: CompareTarget.Mod,
          result: CompareResult.Equal,
          mod_revision: modRevision,
        },
      ],
      success: [toOperation(key, record)],
      failure: [{ request_range: { key } }],
    });
    if (reply.succeeded) return undefined;
    const found = reply.responses[0]?.response_range.kvs[0];
    if (found !== undefined) {
      if (found.lease !== record.leaseId) return found;
      if (found.value.toString() === record.value) return undefined;
    }
    modRevision = found?.mod_revision ?? "0";
  }
}

function toOperation(key: Buffer, record: OwnRecord): IRequestOp {
  if (record.value === undefined) return { request_delete_range: { key } };
  const value = Buffer.from(record.value);
  return { request_put: { key, value, lease: record.leaseId } };
}
