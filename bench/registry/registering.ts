// How long it takes until many instances are registered, and what that costs.

import { setTimeout } from "node:timers/promises";
import { cpuTimeMs } from "../machine.ts";
import { meanOf, readCounters, startedBetween } from "./etcd-counters.ts";
import type { RegisterOrder } from "./registrar-worker.ts";
import { startWorker, type Worker } from "./worker.ts";

const PROCESSES = 2;
const REGISTRARS_PER_PROCESS = 10;

// Leases are renewed after a third of their 15 s, give or take a tenth; the
// first renewal opens the stream.
const FIRST_RENEWAL_MS = 6_000;

/** What was found. */
export interface RegisteringCost {
  readonly registrars: number;
  /** From the first register() until etcd has the last one. */
  readonly elapsedMs: number;
  readonly etcdCpuMs: number;
  /** Requests and streams until the first renewal, by method. */
  readonly startedPerRegistrar: Readonly<Record<string, number>>;
}

/**
 * Register `count` instances at the etcd at `address`. They stay until the
 * stack is disposed of.
 */
export async function registerInstances(
  stack: AsyncDisposableStack,
  etcd: { readonly address: string; readonly pid: number },
  count: number,
): Promise<RegisteringCost> {
  const before = await readCounters(etcd.address);
  const cpuBefore = cpuTimeMs(etcd.pid);
  const each = Math.ceil(count / PROCESSES);
  const replies = await Promise.all(
    Array.from({ length: PROCESSES }, (_, i) => {
      const worker: Worker<{ elapsedMs: number }> = startWorker(
        "registrar-worker.ts",
      );
      stack.use(worker);
      const order: RegisterOrder = {
        host: etcd.address,
        registrars: REGISTRARS_PER_PROCESS,
        first: i * each,
        count: Math.min(each, count - i * each),
      };
      return worker.ask(order);
    }),
  );
  const etcdCpuMs = cpuTimeMs(etcd.pid) - cpuBefore;
  await setTimeout(FIRST_RENEWAL_MS);
  const after = await readCounters(etcd.address);
  const registrars = PROCESSES * REGISTRARS_PER_PROCESS;
  return {
    registrars,
    elapsedMs: Math.max(...replies.map(({ elapsedMs }) => elapsedMs)),
    etcdCpuMs,
    startedPerRegistrar: meanOf(registrars, startedBetween(before, after)),
  };
}
