// What a new directory costs: until it knows all instances, and while it holds
// them.

import { cpuTimeMs } from "../machine.ts";
import { median } from "../statistics.ts";
import type { DirectoryNews, DirectoryOrder } from "./directory-worker.ts";
import { startWorker, type Worker } from "./worker.ts";

const RUNS = 5;

/** What was found; medians of several runs. */
export interface ListingCost {
  /** From creating a directory until its first snapshot. */
  readonly elapsedMs: number;
  readonly directoryCpuMs: number;
  readonly etcdCpuMs: number;
  /** heapUsed and external after a forced GC, less what an empty one has. */
  readonly bytesPerInstance: number;
}

/** A process with a directory, as its parent sees it. */
export type DirectoryProcess = Worker<DirectoryNews>;

/** Start a process that has no directory yet. */
export function startDirectory(stack: AsyncDisposableStack): DirectoryProcess {
  return stack.use(startWorker<DirectoryNews>("directory-worker.ts"));
}

/** Tell a process to follow an etcd; resolves once it knows `instances`. */
export function follow(
  directory: DirectoryProcess,
  host: string,
  instances: number,
): Promise<void> {
  const order: DirectoryOrder = { order: "follow", host };
  const done = new Promise<void>((resolve) => {
    const end = directory.listen((news) => {
      if (news.news !== "snapshot" || news.instances !== instances) return;
      end();
      resolve();
    });
  });
  directory.tell(order);
  return done;
}

/**
 * Open a directory on an etcd without instances, and again and again after
 * `fill` has registered `instances`. In a process of its own.
 */
export async function measureListing(
  stack: AsyncDisposableStack,
  etcd: { readonly address: string; readonly pid: number },
  fill: () => Promise<number>,
): Promise<ListingCost> {
  const directory = startDirectory(stack);
  await follow(directory, etcd.address, 0);
  await memoryOf(directory); // warms up
  const empty = await memoryOf(directory);
  await directory.ask({ order: "close" });
  const instances = await fill();
  const runs: ListingCost[] = [];
  // The first run is warm-up.
  for (let run = 0; run <= RUNS; run++) {
    const cpu = { own: cpuTimeMs(directory.pid), etcd: cpuTimeMs(etcd.pid) };
    const startedAt = performance.now();
    await follow(directory, etcd.address, instances);
    const elapsedMs = performance.now() - startedAt;
    const directoryCpuMs = cpuTimeMs(directory.pid) - cpu.own;
    const etcdCpuMs = cpuTimeMs(etcd.pid) - cpu.etcd;
    const bytes = (await memoryOf(directory)) - empty;
    const bytesPerInstance = bytes / instances;
    runs.push({ elapsedMs, directoryCpuMs, etcdCpuMs, bytesPerInstance });
    await directory.ask({ order: "close" });
  }
  const middle = (key: keyof ListingCost) =>
    median(runs.slice(1).map((run) => run[key]));
  return {
    elapsedMs: middle("elapsedMs"),
    directoryCpuMs: middle("directoryCpuMs"),
    etcdCpuMs: middle("etcdCpuMs"),
    bytesPerInstance: middle("bytesPerInstance"),
  };
}

async function memoryOf(directory: DirectoryProcess): Promise<number> {
  const reply = await directory.ask({ order: "measure" });
  return reply.news === "memory" ? reply.bytes : Number.NaN;
}
