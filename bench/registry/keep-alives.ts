// What a renewal costs etcd: every instance has a lease of its own, as in real
// life, and all are renewed on a few streams.

import { Etcd3 } from "etcd3";
import { cpuTimeMs } from "../machine.ts";
import { median } from "../statistics.ts";

const STREAMS = 20;
const RUNS = 5;
// Of all leases of a stream, so many are on the way at once.
const AT_ONCE = 10;
/** Long enough to outlive the measurement. */
const TTL_SECONDS = 300;

/** What was found. */
export interface KeepAliveCost {
  readonly renewals: number;
  /** CPU time of etcd, in microseconds, the median of several runs. */
  readonly microsecondsEach: number;
}

/** Grant `count` leases at the etcd at `address`, and renew all several times. */
export async function measureKeepAlives(
  address: string,
  etcdPid: number,
  count: number,
): Promise<KeepAliveCost> {
  const clients = Array.from(
    { length: STREAMS },
    () => new Etcd3({ hosts: `http://${address}` }),
  );
  try {
    const groups = await Promise.all(
      clients.map((client) => grant(client, Math.ceil(count / STREAMS))),
    );
    const renewAll = () =>
      Promise.all(clients.map((client, i) => renew(client, groups[i] ?? [])));
    await renewAll(); // warms up
    const costs: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const before = cpuTimeMs(etcdPid);
      await renewAll();
      costs.push(cpuTimeMs(etcdPid) - before);
    }
    const renewals = groups.flat().length;
    return { renewals, microsecondsEach: (median(costs) * 1_000) / renewals };
  } finally {
    for (const client of clients) client.close();
  }
}

async function grant(client: Etcd3, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    ids.push((await client.leaseClient.leaseGrant({ TTL: TTL_SECONDS })).ID);
  }
  return ids;
}

/** Renew each once, on one stream. */
async function renew(client: Etcd3, ids: readonly string[]): Promise<void> {
  const stream = await client.leaseClient.leaseKeepAlive();
  const done = Promise.withResolvers<void>();
  // Stays: a stream that is cancelled emits one more error.
  stream.on("error", done.reject);
  let sent = 0;
  let answered = 0;
  const send = () => stream.write({ ID: ids[sent++] ?? "0" });
  stream.on("data", () => {
    answered++;
    if (sent < ids.length) send();
    if (answered === ids.length) done.resolve();
  });
  while (sent < Math.min(AT_ONCE, ids.length)) send();
  await done.promise;
  stream.cancel();
}
