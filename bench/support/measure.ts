// CPU time per call of several subjects under the same load, in turns.

import { cpuTimeMs } from "../machine.ts";
import { median } from "../statistics.ts";
import { interleave } from "./interleave.ts";
import { formatTable } from "./markdown-table.ts";
import type { Subject } from "./subject.ts";

/** What everybody gets to warm up, unless there are fewer calls in a run. */
const WARM_UP_CALLS = 10_000;

/** Somebody who takes part. */
export interface Contestant<S extends Subject = Subject> {
  readonly subject: S;
  /** Which part of the calls it gets: slow ones need fewer. Defaults to 1. */
  readonly ratio?: number;
  /** The most that ours may use of what it uses; told, not asserted. */
  readonly goal?: string;
}

/** What was found in one run. */
export interface Run {
  readonly cpuMicroseconds: number;
  readonly callsPerSecond: number;
  /** Of ours only. */
  readonly writesPerCall: number | undefined;
}

/** Lets a subject have so many calls; resolves with how long it took, in ms. */
export type Load<S extends Subject = Subject> = (
  subject: S,
  calls: number,
) => Promise<number>;

/**
 * Measure everybody `runs` times, once before that to warm up. The results are
 * in the order of the contestants.
 */
export async function measureCpu<S extends Subject>(
  contestants: readonly Contestant<S>[],
  settings: { readonly runs: number; readonly calls: number },
  load: Load<S>,
): Promise<Run[][]> {
  const { runs, calls } = settings;
  const callsOf = ({ ratio = 1 }: Contestant<S>) => Math.ceil(calls * ratio);
  // Who gets a small part of few calls must not be the only one still cold.
  await interleave(contestants, 1, (it) =>
    measureRun(
      it.subject,
      Math.max(callsOf(it), Math.min(calls, WARM_UP_CALLS)),
      load,
    ),
  );
  return interleave(contestants, runs, (it) =>
    measureRun(it.subject, callsOf(it), load),
  );
}

async function measureRun<S extends Subject>(
  subject: S,
  calls: number,
  load: Load<S>,
): Promise<Run> {
  const before = await subject.report?.();
  const cpuBefore = cpuTimeMs(subject.pid);
  const elapsedMs = await Promise.race([load(subject, calls), subject.ended]);
  const cpuMs = cpuTimeMs(subject.pid) - cpuBefore;
  const after = await subject.report?.();
  const writes = (after?.socketWrites ?? 0) - (before?.socketWrites ?? 0);
  return {
    cpuMicroseconds: (cpuMs * 1_000) / calls,
    callsPerSecond: (calls * 1_000) / elapsedMs,
    writesPerCall: writes === 0 ? undefined : writes / calls,
  };
}

/**
 * Ours of each run divided by theirs of the same run, the median.
 */
export function ratioOf(ours: readonly Run[], theirs: readonly Run[]): number {
  return median(
    ours.map(
      (run, i) =>
        run.cpuMicroseconds / (theirs[i]?.cpuMicroseconds ?? Number.NaN),
    ),
  );
}

/** What one call consists of, if that is what is told. */
export interface CallUnit {
  /** "message". */
  readonly name: string;
  readonly perCall: number;
}

/** Format the runs of all contestants; the first one is who is compared. */
export function formatRuns(
  contestants: readonly Contestant[],
  runs: readonly (readonly Run[])[],
  unit: CallUnit = { name: "call", perCall: 1 },
): string {
  const ours = runs[0] ?? [];
  const first = contestants[0]?.subject.name ?? "";
  return formatTable(
    [
      ...[
        "",
        `CPU per ${unit.name}`,
        "least to most",
        `${unit.name}s per second`,
      ],
      ...[`${first} / this`, "goal", `socket writes per ${unit.name}`],
    ],
    contestants.map(({ subject, goal = "" }, i) => {
      const theirs = runs[i] ?? [];
      const cpu = theirs.map((run) => run.cpuMicroseconds / unit.perCall);
      const rates = theirs.map((run) => run.callsPerSecond * unit.perCall);
      const writes = theirs.flatMap(({ writesPerCall: each }) =>
        each === undefined ? [] : each / unit.perCall,
      );
      return [
        subject.name,
        `${median(cpu).toFixed(2)} µs`,
        `${Math.min(...cpu).toFixed(2)} to ${Math.max(...cpu).toFixed(2)}`,
        formatCount(median(rates)),
        i === 0 ? "" : ratioOf(ours, theirs).toFixed(3),
        goal,
        writes.length === 0 ? "" : median(writes).toFixed(3),
      ];
    }),
  );
}

function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en");
}
