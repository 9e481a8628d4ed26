// Measures the registry with many instances on one etcd, on loopback. See
// README.md for what, how, and what came out.

import { setTimeout as sleep } from "node:timers/promises";
import { startEtcd, type TestEtcd } from "../../test/support/etcd.ts";
import { cpuTimeMs, describeMachine } from "../machine.ts";
import { measureChanges } from "./changes.ts";
import {
  meanOf,
  readCounters,
  readSettledCounters,
  startedBetween,
  withoutRegistrars,
} from "./etcd-counters.ts";
import { measureKeepAlives } from "./keep-alives.ts";
import { follow, measureListing, startDirectory } from "./listing.ts";
import { type BenchOptions, readOptions } from "./options.ts";
import { type RegisteringCost, registerInstances } from "./registering.ts";
import { type BenchReport, formatReport } from "./report.ts";

/** It ends by then, come what may. */
const LIMIT_MS = 170_000;
/** The part of it that timing changes may take. */
const CHANGES_MS = 60_000;

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) return;
  const stack = new AsyncDisposableStack();
  const limit = new AbortController();
  const late = sleep(LIMIT_MS, undefined, { signal: limit.signal }).then(() => {
    throw new Error(`not done after ${LIMIT_MS / 1_000} s`);
  });
  late.catch(() => {}); // aborted
  try {
    const report = await Promise.race([measure(stack, options), late]);
    const text = JSON.stringify(report, undefined, 2);
    process.stdout.write(options.json ? `${text}\n` : formatReport(report));
  } catch (error) {
    progress(String(error));
    process.exitCode = 1;
  } finally {
    limit.abort();
    await stack.disposeAsync();
  }
}

async function measure(
  stack: AsyncDisposableStack,
  options: BenchOptions,
): Promise<BenchReport> {
  const keepAlives = await keepAlivesAlone(options);
  const etcd = stack.use(await startEtcd());
  const target = { address: etcd.address, pid: etcd.process.pid ?? 0 };
  let registering: RegisteringCost | undefined;
  progress("a directory without instances");
  const listing = await measureListing(stack, target, async () => {
    progress(`registering ${options.instances} instances`);
    registering = await registerInstances(stack, target, options.instances);
    progress("listing them");
    return options.instances;
  });
  if (registering === undefined) throw new Error("nothing was registered");
  const rest = await followChanges(stack, etcd, options);
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    etcdVersion: await versionOf(etcd),
    instances: options.instances,
    directories: options.directories,
    registering,
    listing,
    ...rest,
    keepAlives,
  };
}

async function keepAlivesAlone(options: BenchOptions) {
  progress("keep-alives");
  await using etcd = await startEtcd();
  const pid = etcd.process.pid ?? 0;
  return await measureKeepAlives(etcd.address, pid, options.instances);
}

async function followChanges(
  stack: AsyncDisposableStack,
  { address }: TestEtcd,
  options: BenchOptions,
) {
  progress(`${options.directories} directories`);
  const directories = Array.from({ length: options.directories }, () =>
    startDirectory(stack),
  );
  // Until all are there, so that their start is not what is measured.
  await Promise.all(directories.map((it) => it.ask({ order: "measure" })));
  const atStart = await readCounters(address);
  const startedAt = performance.now();
  await Promise.all(
    directories.map((it) => follow(it, address, options.instances)),
  );
  const elapsedMs = performance.now() - startedAt;
  const synced = await readSettledCounters(address);
  progress("changes");
  const cpu = () =>
    directories.reduce((sum, { pid }) => sum + cpuTimeMs(pid), 0);
  const cpuBefore = cpu();
  const changes = await measureChanges(address, directories, {
    samples: options.samples,
    budgetMs: CHANGES_MS,
  });
  const cpuMs = cpu() - cpuBefore;
  const after = await readCounters(address);
  return {
    changes: changes.latencies,
    following: {
      elapsedMs,
      startedPerDirectory: meanOf(
        directories.length,
        withoutRegistrars(startedBetween(atStart, synced)),
      ),
      startedDuringChanges: meanOf(
        1,
        withoutRegistrars(startedBetween(synced, after)),
      ),
      cpuMsPerChange: cpuMs / directories.length / changes.made,
    },
  };
}

async function versionOf({ address }: TestEtcd): Promise<string> {
  const response = await fetch(`http://${address}/version`);
  const { etcdserver } = (await response.json()) as { etcdserver: string };
  return etcdserver;
}

function progress(text: string): void {
  process.stderr.write(`${text} ...\n`);
}

await main();
