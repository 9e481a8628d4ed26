// Runs many cases of one kind in a process of its own, next to a client of
// node:http2's whose calls must all succeed meanwhile, and looks at what is left
// afterwards: timers, sockets, memory. Prints one line of JSON, a FuzzReport.
//
// Its argument is FuzzOptions as JSON. Needs --expose-gc.

import { setTimeout as sleep } from "node:timers/promises";
import { runCase } from "./fuzz-case.ts";
import {
  type FuzzOptions,
  type FuzzReport,
  MAX_FAULTS,
} from "./fuzz-report.ts";
import { createWires } from "./link.ts";
import { startNeighbour } from "./neighbour.ts";

/**
 * When to look at the memory, as parts of all frames. Caches and pools have
 * grown by the first look.
 */
const LOOKS = [0.4, 0.55, 0.7, 0.85];

const options: FuzzOptions = JSON.parse(process.argv[2] ?? "{}");
const faults: string[] = [];
const reasons: Record<string, number> = {};
const totals = { cases: 0, frames: 0, streams: 0 };
let seed = options.seed;

const fault = (message: string) =>
  faults.push(`seed ${seed}, ${options.kind}: ${message}`);
process.on("uncaughtException", (error) => fault(`uncaught ${error.stack}`));
process.on("unhandledRejection", (error) => fault(`unhandled ${error}`));

const intervals = watchIntervals();
const resources = activeResources();
await run().catch((error: unknown) => {
  // Not even the neighbour gets on: whatever is left must not keep us here.
  console.error(error, faults);
  process.exit(1);
});
await quiet();
if (intervals.size > 0) fault(`${intervals.size} intervals are left`);
const left = activeResources();
if (left.join() !== resources.join()) fault(`left: ${left}, not ${resources}`);

async function run() {
  const { kind, frames, isWired } = options;
  await using neighbour = await startNeighbour();
  await using wires = await createWires();
  const createLink = isWired ? wires.link : undefined;
  const looks: NodeJS.MemoryUsage[] = [];
  while (totals.frames < frames && faults.length < MAX_FAULTS) {
    const outcome = await runCase(seed, kind, createLink);
    totals.cases++;
    totals.frames += outcome.frames;
    totals.streams += outcome.streams;
    const reason = outcome.reason.replaceAll(/\d+/g, "N");
    reasons[reason] = (reasons[reason] ?? 0) + 1;
    for (const message of outcome.faults.slice(0, 3)) fault(message);
    if (neighbour.failure !== undefined) fault(`${neighbour.failure}`);
    if (totals.frames > (LOOKS[looks.length] ?? 1) * frames)
      looks.push(await heap());
    seed++;
  }
  await neighbour.nextCall();
  looks.push(await heap());
  const report: FuzzReport = {
    ...totals,
    calls: neighbour.calls,
    heapGrowthBytes: growth(looks.map(({ heapUsed }) => heapUsed)),
    bufferGrowthBytes: growth(looks.map(({ arrayBuffers }) => arrayBuffers)),
    reasons,
    faults,
  };
  process.on("exit", () => console.log(JSON.stringify(report)));
}

/** With time for what a collection leaves to later turns. */
async function heap(): Promise<NodeJS.MemoryUsage> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await sleep(1);
  }
  return process.memoryUsage();
}

/**
 * From the first look to the last one, without the deepest fall: at some time
 * V8 lets go of some 5 MB of its own, the sources of what it has compiled,
 * which must not hide a leak.
 */
function growth(looks: readonly number[]): number {
  const steps = looks.slice(1).map((bytes, i) => bytes - (looks[i] ?? 0));
  const total = steps.reduce((sum, step) => sum + step, 0);
  return total - Math.min(0, ...steps);
}

/** Everything that would keep the process alive. */
function activeResources(): string[] {
  return process.getActiveResourcesInfo().sort();
}

/** The intervals that run, those that keep no process alive included. */
function watchIntervals(): Set<unknown> {
  const running = new Set<unknown>();
  const { setInterval, clearInterval } = globalThis;
  globalThis.setInterval = ((callback: () => void, ms: number) => {
    const timer = setInterval(callback, ms);
    running.add(timer);
    return timer;
  }) as typeof globalThis.setInterval;
  globalThis.clearInterval = (timer) => {
    running.delete(timer);
    clearInterval(timer);
  };
  return running;
}

/** Sockets that have been closed are gone a little later. */
async function quiet() {
  const isQuiet = () =>
    intervals.size === 0 && activeResources().length <= resources.length;
  for (let i = 0; i < 300 && !isQuiet(); i++) await sleep(10);
}
