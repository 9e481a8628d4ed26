// CPU time per call of several subjects under the same load, in turns.

import { cpuTimeMs } from "../machine.ts";
import { median } from "../statistics.ts";
import { interleave } from "../support/interleave.ts";
import { formatTable } from "../support/markdown-table.ts";
import type { Subject } from "./subject.ts";

/** Somebody who takes part. */
export interface Contestant {
  readonly subject: Subject;
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

/** Makes so many calls to a port; resolves with how long it took, in ms. */
export type Load = (port: number, calls: number) => Promise<number>;

/**
 * Measure everybody `runs` times, once before that to warm up. The results are
 * in the order of the contestants.
 */
export async function measureCpu(
  contestants: readonly Contestant[],
  settings: { readonly runs: number; readonly calls: number },
  load: Load,
): Promise<Run[][]> {
  const once = ({ subject, ratio = 1 }: Contestant) =>
    measureRun(subject, Math.ceil(settings.calls * ratio), load);
  await interleave(contestants, 1, once);
  return interleave(contestants, settings.runs, once);
}

async function measureRun(
  subject: Subject,
  calls: number,
  load: Load,
): Promise<Run> {
  const before = await subject.report?.();
  const cpuBefore = cpuTimeMs(subject.pid);
  const elapsedMs = await Promise.race([
    load(subject.port, calls),
    subject.ended,
  ]);
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

/** Format the runs of all contestants; the first one is who is compared. */
export function formatRuns(
  contestants: readonly Contestant[],
  runs: readonly (readonly Run[])[],
): string {
  const ours = runs[0] ?? [];
  const first = contestants[0]?.subject.name ?? "";
  return formatTable(
    [
      ...["", "CPU per call", "least to most", "calls per second"],
      ...[`${first} / this`, "goal", "socket writes per call"],
    ],
    contestants.map(({ subject, goal = "" }, i) => {
      const theirs = runs[i] ?? [];
      const cpu = theirs.map(({ cpuMicroseconds }) => cpuMicroseconds);
      const writes = theirs.flatMap(({ writesPerCall }) => writesPerCall ?? []);
      return [
        subject.name,
        `${median(cpu).toFixed(2)} µs`,
        `${Math.min(...cpu).toFixed(2)} to ${Math.max(...cpu).toFixed(2)}`,
        formatCount(median(theirs.map((run) => run.callsPerSecond))),
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
