// How long after a put each directory's observers hear of it. One change at a
// time: the next begins when everybody has heard of the last.

import { Etcd3 } from "etcd3";
import {
  createInstance,
  encodeInstance,
  type Instance,
  State,
} from "../../core/index.ts";
import { instanceKey } from "../../mesh/registry/index.ts";
import { quantile } from "../statistics.ts";
import type { DirectoryNews } from "./directory-worker.ts";
import { createProbe } from "./records.ts";
import type { Worker } from "./worker.ts";

// The first changes find cold code.
const WARM_UP = 3;

/** The time from a request to snapshots, in milliseconds. */
export interface Latency {
  /** How many changes, each timed on every directory. */
  readonly changes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What was found. */
export interface MeasuredChanges {
  /** All changes, those included that were not timed. */
  readonly made: number;
  readonly latencies: ChangeLatencies;
}

/** Latencies by kind of change. */
export interface ChangeLatencies {
  readonly addition: Latency;
  readonly removal: Latency;
  readonly drain: Latency;
}

type Kind = keyof ChangeLatencies;

/**
 * Time up to `samples` changes of each kind, for at most `budgetMs`.
 */
export async function measureChanges(
  address: string,
  directories: readonly Worker<DirectoryNews>[],
  limits: { readonly samples: number; readonly budgetMs: number },
): Promise<MeasuredChanges> {
  const client = new Etcd3({ hosts: `http://${address}` });
  const times: Record<Kind, number[]> = {
    addition: [],
    removal: [],
    drain: [],
  };
  const change = async (
    kind: Kind,
    id: string,
    act: () => Promise<unknown>,
  ) => {
    const want = kind === "addition";
    const seen = directories.map((it) => whenProbe(it, id, want));
    const startedAt = Number(process.hrtime.bigint()) / 1e6;
    await act();
    const all = await Promise.all(seen);
    times[kind].push(...all.map((atMs) => atMs - startedAt));
  };
  let made = 0;
  const endsAt = performance.now() + limits.budgetMs;
  try {
    for (let i = 0; i < WARM_UP + limits.samples; i++) {
      if (i === WARM_UP)
        for (const list of Object.values(times)) list.length = 0;
      if (performance.now() > endsAt) break;
      const [leaving, vanishing] = [createProbe(2 * i), createProbe(2 * i + 1)];
      await change("addition", leaving.id, () => put(client, leaving));
      await change("addition", vanishing.id, () => put(client, vanishing));
      const draining = createInstance({ ...leaving, state: State.DRAINING });
      await change("drain", leaving.id, () => put(client, draining));
      await change("removal", vanishing.id, () => remove(client, vanishing));
      const fewer = directories.map(whenNext);
      await remove(client, leaving);
      await Promise.all(fewer);
      made += 5;
    }
  } finally {
    client.close();
  }
  const summary = (kind: Kind): Latency => ({
    changes: times[kind].length / directories.length,
    p50Ms: quantile(times[kind], 0.5),
    p99Ms: quantile(times[kind], 0.99),
  });
  const latencies = {
    addition: summary("addition"),
    removal: summary("removal"),
    drain: summary("drain"),
  };
  return { made, latencies };
}

/** When a directory's snapshot has that probe among those that want calls, or not. */
function whenProbe(
  directory: Worker<DirectoryNews>,
  id: string,
  want: boolean,
): Promise<number> {
  return new Promise((resolve) => {
    const end = directory.listen((news) => {
      if (news.news !== "snapshot" || news.probes.includes(id) !== want) return;
      end();
      resolve(news.atMs);
    });
  });
}

/** The next snapshot of a directory. */
function whenNext(directory: Worker<DirectoryNews>): Promise<void> {
  return new Promise((resolve) => {
    const end = directory.listen(() => {
      end();
      resolve();
    });
  });
}

function put(client: Etcd3, instance: Instance): Promise<unknown> {
  return client.kv.put({
    key: Buffer.from(instanceKey(instance)),
    value: Buffer.from(encodeInstance(instance)),
  });
}

function remove(client: Etcd3, instance: Instance): Promise<unknown> {
  return client.kv.deleteRange({ key: Buffer.from(instanceKey(instance)) });
}
