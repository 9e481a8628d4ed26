// One look at what stands in etcd, for people: every value under the prefix,
// each with the lease that holds it. No watch, no cache; a directory is for
// programs that call instances.
//
// What a registration looks like from outside is derived from the time that is
// left on its lease: who renews on time never has less than what remains after
// a third of it, plus jitter.

import type { Etcd3, IKeyValue } from "etcd3";
import { createBackoff, type Instance, State } from "../../../core/index.ts";
import { decodeRecord, instancePrefix } from "../record.ts";
import { createAlarm } from "./alarm.ts";
import { createConnection } from "./connection.ts";
import { type EtcdOptions, resolveEtcdOptions } from "./options.ts";
import { listPrefix } from "./range.ts";

// A lease is renewed after a third of its time, plus a tenth of that at most
// (lease.ts). This much is left at the latest regular renewal.
const LEFT_AT_RENEWAL = 1 - 1.1 / 3;

// Enough to hide the round trips, few enough to leave etcd its peace.
const CONCURRENCY = 32;

// How many records to ask for at once.
const PAGE_KEYS = 500;

/**
 * Options for inspectEtcd().
 */
export interface EtcdInspectOptions extends EtcdOptions {
  /**
   * How long to go on trying while etcd does not answer, in milliseconds. The
   * last try may take the deadline of one request longer.
   *
   * Defaults to 5000.
   */
  readonly timeoutMs?: number;
}

/**
 * What stood in etcd at one revision.
 */
export interface EtcdReport {
  /** All keys that were looked at begin so. */
  readonly prefix: string;
  /** The revision that all records are of. */
  readonly revision: bigint;
  /** Sorted by key. */
  readonly instances: readonly InspectedInstance[];
  /** Sorted by key. */
  readonly malformed: readonly MalformedRecord[];
}

/**
 * What is told of every value, an instance record or not.
 */
export interface InspectedKey {
  readonly key: string;
  /** The revision that wrote it last. */
  readonly revision: bigint;
  /** What holds it; undefined if nothing does: it stays until it is deleted. */
  readonly lease: InspectedLease | undefined;
}

/**
 * A lease as etcd tells of it, a moment after the records were read.
 */
export interface InspectedLease {
  /** Sixteen hexadecimal digits, as etcdctl prints and takes it. */
  readonly id: string;
  /** The time it gets with each renewal, in seconds; 0 if it ended meanwhile. */
  readonly grantedSeconds: number;
  /** The time it has left, in whole seconds, rounded down. */
  readonly leftSeconds: number;
}

/**
 * How a registration looks from outside.
 *
 * - live: its lease is renewed on time
 * - unsure: a renewal is missing: its process, or the way to it, has stopped
 * - draining: it says that it is about to leave
 * - gone: its lease ended while we looked
 * - no lease: nothing holds it, so it won't go by itself; nobody but an operator
 *   or another program writes that
 */
export type InspectedState =
  | "live"
  | "unsure"
  | "draining"
  | "gone"
  | "no lease";

/** A record that every directory shows. */
export interface InspectedInstance extends InspectedKey {
  readonly instance: Instance;
  readonly state: InspectedState;
}

/** A value that every directory skips. */
export interface MalformedRecord extends InspectedKey {
  readonly value: string;
  /** Why it is no instance record. */
  readonly reason: Error;
}

/**
 * Read all records and their leases.
 *
 * Rejects with ERR_REGISTRY_UNAVAILABLE if etcd does not answer in time, with
 * ERR_REGISTRY_DENIED if it refuses us, with ERR_USAGE if the options are wrong.
 */
export async function inspectEtcd(
  options: EtcdInspectOptions,
): Promise<EtcdReport> {
  const { timeoutMs = 5_000 } = options;
  const etcd = resolveEtcdOptions(options);
  const connection = createConnection(etcd);
  const endsAt = performance.now() + timeoutMs;
  const backoff = createBackoff();
  try {
    for (;;) {
      try {
        return await inspectOnce(connection.client(), etcd.namespace);
      } catch (error) {
        connection.drop();
        const waitMs = backoff.next();
        if (performance.now() + waitMs > endsAt) {
          throw connection.explain(error);
        }
        await createAlarm().wait(waitMs);
      }
    }
  } finally {
    connection.drop();
  }
}

async function inspectOnce(
  client: Etcd3,
  namespace: string,
): Promise<EtcdReport> {
  const prefix = instancePrefix(namespace);
  const { revision, records } = await listPrefix(client.kv, {
    prefix,
    pageKeys: PAGE_KEYS,
  });
  const ids = new Set(records.map(({ lease }) => lease));
  ids.delete("0");
  const leases = await inspectLeases(client, ids);
  const instances: InspectedInstance[] = [];
  const malformed: MalformedRecord[] = [];
  for (const record of records) {
    const lease = leases.get(record.lease);
    const inspected = inspectRecord(record, lease, namespace);
    if ("instance" in inspected) instances.push(inspected);
    else malformed.push(inspected);
  }
  return { prefix, revision, instances, malformed };
}

/** Ask for all leases, several at once; one process has one for all its keys. */
async function inspectLeases(
  client: Etcd3,
  ids: ReadonlySet<string>,
): Promise<ReadonlyMap<string, InspectedLease>> {
  const leases = new Map<string, InspectedLease>();
  const queue = ids.values();
  const work = async () => {
    for (const ID of queue) {
      const answer = await client.leaseClient.leaseTimeToLive({ ID });
      leases.set(ID, {
        id: BigInt.asUintN(64, BigInt(ID)).toString(16).padStart(16, "0"),
        grantedSeconds: Number(answer.grantedTTL),
        leftSeconds: Math.max(0, Number(answer.TTL)),
      });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return leases;
}

function inspectRecord(
  record: IKeyValue,
  lease: InspectedLease | undefined,
  namespace: string,
): InspectedInstance | MalformedRecord {
  const key = record.key.toString();
  const value = record.value.toString();
  const revision = BigInt(record.mod_revision);
  const instance = decodeRecord(key, value, namespace);
  return instance instanceof Error
    ? { key, revision, lease, value, reason: instance }
    : { key, revision, lease, instance, state: deriveState(instance, lease) };
}

/**
 * What a registration looks like from outside, by its record and its lease.
 */
export function deriveState(
  instance: Instance,
  lease: InspectedLease | undefined,
): InspectedState {
  if (lease === undefined) return "no lease";
  const { grantedSeconds, leftSeconds } = lease;
  if (grantedSeconds === 0) return "gone";
  if (instance.state === State.DRAINING) return "draining";
  // Rounded down: up to a second more may be left.
  const missed = leftSeconds + 1 < grantedSeconds * LEFT_AT_RENEWAL;
  return missed ? "unsure" : "live";
}
