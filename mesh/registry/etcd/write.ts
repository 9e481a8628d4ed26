// Reads and writes the keys that only we may write: compare-and-set until our
// record stands, or until it turns out that another live process holds the key.
//
// What is ours is told by nonce and lease together, so all of this may be
// repeated after an answer that got lost: what carries our nonce we wrote, with
// this lease or an earlier one; and no other process knows our lease.

import type { Etcd3, IKeyValue, IRequestOp } from "etcd3";
import { CompareResult, CompareTarget } from "etcd3";
import { decodeInstance, encodeInstance } from "../../../core/index.ts";
import type { Claim } from "../claim.ts";
import type { Lease } from "./lease.ts";

// A transaction of etcd takes 128 operations, unless told otherwise.
const KEYS_PER_READ = 100;

// Each further round means that somebody else wrote in between.
const MAX_ROUNDS = 5;

/**
 * What is to stand under a key.
 */
export interface OwnRecord {
  readonly key: string;
  /** undefined to delete the key. */
  readonly value: string | undefined;
  /** Marks a record as written for this registration. */
  readonly nonce: string;
  /** The lease that the key ends with. */
  readonly leaseId: string;
}

/**
 * Tell whether what stands under the key is just what is to stand there.
 */
export function isStanding(
  found: IKeyValue | undefined,
  { value, leaseId }: OwnRecord,
): boolean {
  if (found === undefined || value === undefined) return found === value;
  return found.lease === leaseId && found.value.toString() === value;
}

/**
 * What happened to a key of ours, from what stands there now.
 */
export function whyLost(key: string, found: IKeyValue | undefined): Error {
  return new Error(`${key} was ${found ? "overwritten" : "deleted"}.`);
}

/**
 * Write, or delete, a key of our own. Returns what stands there if that is the
 * registration of another live process; then nothing is changed.
 *
 * Anything else, written by accident or by hand, is overwritten; but only what
 * is ours is deleted.
 */
export async function writeOwn(
  kv: Etcd3["kv"],
  record: OwnRecord,
): Promise<IKeyValue | undefined> {
  const key = Buffer.from(record.key);
  // What we believe to be there; 0 stands for no such key.
  let modRevision = "0";
  for (let round = 0; round < MAX_ROUNDS; round++) {
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
    if (isStanding(found, record)) return undefined;
    if (found !== undefined) {
      const owner = ownerOf(found, record);
      if (owner === "another process") return found;
      if (owner === "nobody" && record.value === undefined) return undefined;
    }
    modRevision = found?.mod_revision ?? "0";
  }
  throw new Error(`${record.key} is being written by others all the time`);
}

/**
 * Read some keys, in their order; undefined for each that does not exist.
 */
export async function readKeys(
  kv: Etcd3["kv"],
  keys: readonly string[],
): Promise<(IKeyValue | undefined)[]> {
  const found: (IKeyValue | undefined)[] = [];
  for (let at = 0; at < keys.length; at += KEYS_PER_READ) {
    const page = keys.slice(at, at + KEYS_PER_READ);
    const { responses } = await kv.txn({
      success: page.map((key) => ({
        request_range: { key: Buffer.from(key) },
      })),
    });
    // One answer per key, or the page would shift.
    for (const i of page.keys()) {
      found.push(responses[i]?.response_range.kvs[0]);
    }
  }
  return found;
}

// A registration has a lease, as long as its process lives, and its own nonce.
function ownerOf(
  found: IKeyValue,
  { nonce, leaseId }: OwnRecord,
): "us" | "another process" | "nobody" {
  if (found.lease === leaseId) return "us";
  const instance = decodeInstance(found.value.toString());
  if (instance instanceof Error || instance.nonce === "") return "nobody";
  if (instance.nonce === nonce) return "us";
  return found.lease === "0" ? "nobody" : "another process";
}

function toOperation(key: Buffer, record: OwnRecord): IRequestOp {
  if (record.value === undefined) return { request_delete_range: { key } };
  const value = Buffer.from(record.value);
  return { request_put: { key, value, lease: record.leaseId } };
}

/** What is to stand in etcd for a claim, with the lease that it hangs on. */
export function toOwnRecord(claim: Claim, { id }: Lease): OwnRecord {
  const { key, goal, instance } = claim;
  const value = goal.record && encodeInstance(goal.record);
  return { key, value, nonce: instance.nonce, leaseId: id };
}
