// What etcd itself counts: the requests and streams that were started, by
// method, from the /metrics of its client address.

import { setTimeout } from "node:timers/promises";

const SETTLED_MS = 300;

/** Requests and streams since the start of etcd, by "Service/Method". */
export type Counters = ReadonlyMap<string, number>;

/** Read the counters of the etcd at "host:port". */
export async function readCounters(address: string): Promise<Counters> {
  const response = await fetch(`http://${address}/metrics`);
  const counters = new Map<string, number>();
  for (const line of (await response.text()).split("\n")) {
    if (!line.startsWith("grpc_server_started_total{")) continue;
    const method = /grpc_method="(\w+)"/.exec(line)?.[1];
    const service = /grpc_service="etcdserverpb\.(\w+)"/.exec(line)?.[1];
    const count = Number(line.slice(line.lastIndexOf(" ") + 1));
    if (method && service && count > 0)
      counters.set(`${service}/${method}`, count);
  }
  return counters;
}

/** Read them once they have stood still for a moment. */
export async function readSettledCounters(address: string): Promise<Counters> {
  let counters = await readCounters(address);
  for (;;) {
    await setTimeout(SETTLED_MS);
    const next = await readCounters(address);
    if (total(next) === total(counters)) return next;
    counters = next;
  }
}

function total(counters: Counters): number {
  return [...counters.values()].reduce((sum, count) => sum + count, 0);
}

/** What was started between two readings, by method. */
export function startedBetween(before: Counters, after: Counters): Counters {
  const started = new Map<string, number>();
  for (const [method, count] of after) {
    const more = count - (before.get(method) ?? 0);
    if (more > 0) started.set(method, more);
  }
  return started;
}

/** Without what only registrars do: leases, and transactions on their keys. */
export function withoutRegistrars(counters: Counters): Counters {
  return new Map(
    [...counters].filter(
      ([method]) => !method.startsWith("Lease/") && method !== "KV/Txn",
    ),
  );
}

/** The mean of `parts` processes, for a report. */
export function meanOf(
  parts: number,
  counters: Counters,
): Record<string, number> {
  return Object.fromEntries(
    [...counters].map(([method, count]) => [method, count / parts]),
  );
}
