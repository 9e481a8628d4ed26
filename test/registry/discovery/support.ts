// What the scenarios of discovery share: records in etcd, and directories that
// look at them.

import { encodeInstance, type Instance } from "../../../core/index.ts";
import {
  createEtcdDirectory,
  type EtcdDirectory,
  type EtcdDirectoryOptions,
  instanceKey,
  type Snapshot,
} from "../../../mesh/registry/index.ts";
import type { TestEtcd } from "../../support/etcd.ts";
import { until as poll } from "../../support/until.ts";
import { instance } from "../../unit/mesh/registry/support.ts";

export {
  collect,
  ids,
  instance,
  until,
} from "../../unit/mesh/registry/support.ts";

/** The prefix of all records. */
export const PREFIX = "/portolan/v1/instances/";

export const SERVICE = "greeter.v1.GreeterService";

export const isSynced = ({ freshness }: Snapshot) => freshness === "synced";
export const isStale = ({ freshness }: Snapshot) => freshness === "stale";

/** Tell whether a snapshot holds exactly these ids. */
export const holds =
  (...wanted: string[]) =>
  ({ instances }: Snapshot) =>
    instances.map(({ id }) => id).join() === wanted.join();

/** An instance with an id and nothing else that matters. */
export const one = (id: string, fields: Parameters<typeof instance>[0] = {}) =>
  instance({ id, ...fields });

/** Write the record of an instance as an operator would: without a lease. */
export async function put(etcd: TestEtcd, ...all: Instance[]): Promise<void> {
  for (const each of all) {
    await etcd.etcdctl("put", instanceKey(each), encodeInstance(each));
  }
}

/** Delete the record of an instance. */
export async function del(etcd: TestEtcd, id: string): Promise<void> {
  await etcd.etcdctl("del", instanceKey(one(id)));
}

/** Write the records of many instances under one lease. Returns its id. */
export async function putLeased(
  etcd: TestEtcd,
  ...all: Instance[]
): Promise<string> {
  const granted = await etcd.etcdctl("lease", "grant", "600");
  const lease = /lease (\w+) granted/.exec(granted)?.[1];
  if (lease === undefined) throw new Error(`no lease in ${granted}`);
  for (const each of all) {
    const record = [instanceKey(each), encodeInstance(each)];
    await etcd.etcdctl("put", `--lease=${lease}`, ...record);
  }
  return lease;
}

/** Compact all history before the newest revision. */
export async function compact(etcd: TestEtcd): Promise<void> {
  const { revision } = await etcd.status();
  await etcd.etcdctl("compact", String(revision));
}

/**
 * Open a directory that waits at most half a second between tries, so that no
 * test waits longer.
 */
export function open(
  address: string,
  options: Partial<EtcdDirectoryOptions> = {},
): EtcdDirectory {
  return createEtcdDirectory({
    hosts: address.split(","),
    retryMaxMs: 500,
    ...options,
  });
}

/** Wait until a directory has listed, and etcd has confirmed its watch. */
export async function watching(directory: EtcdDirectory): Promise<void> {
  await poll("the directory watches", () => directory.stats.watches > 0);
}

/** All that a directory shows, from now on, as lists of ids. */
export function record(directory: EtcdDirectory): {
  readonly seen: readonly (readonly string[])[];
  readonly freshness: readonly string[];
} {
  const seen: string[][] = [];
  const freshness: string[] = [];
  directory.subscribe((snapshot) => {
    seen.push(snapshot.instances.map(({ id }) => id));
    freshness.push(snapshot.freshness);
  });
  return { seen, freshness };
}
