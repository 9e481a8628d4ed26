// The figures as a table for people.

import type { ChangeLatencies } from "./changes.ts";
import type { KeepAliveCost } from "./keep-alives.ts";
import type { ListingCost } from "./listing.ts";
import type { RegisteringCost } from "./registering.ts";

/** Everything that was found. */
export interface BenchReport {
  readonly date: string;
  readonly machine: string;
  readonly etcdVersion: string;
  readonly instances: number;
  readonly directories: number;
  readonly registering: RegisteringCost;
  readonly listing: ListingCost;
  readonly following: FollowingCost;
  readonly changes: ChangeLatencies;
  readonly keepAlives: KeepAliveCost;
}

/** What many directories at once need. */
export interface FollowingCost {
  /** From telling all of them until the last one has its first snapshot. */
  readonly elapsedMs: number;
  /** Requests and streams until then, by method. */
  readonly startedPerDirectory: Readonly<Record<string, number>>;
  /** Requests and streams of everybody while changes came in, by method. */
  readonly startedDuringChanges: Readonly<Record<string, number>>;
  /** CPU time of one directory process for one change, the mean. */
  readonly cpuMsPerChange: number;
}

/** Format the figures. */
export function formatReport(report: BenchReport): string {
  const { registering, listing, following, changes, keepAlives } = report;
  const latency = (kind: keyof ChangeLatencies) => {
    const { p50Ms, p99Ms, changes: count } = changes[kind];
    return `p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)} (${count} changes)`;
  };
  const rows: readonly (readonly [string, string])[] = [
    ["date", report.date],
    ["machine", report.machine],
    ["etcd", report.etcdVersion],
    ["instances", String(report.instances)],
    ["directories", String(report.directories)],
    [
      "register all",
      `${ms(registering.elapsedMs)} on ${registering.registrars} registrars, etcd used ${ms(registering.etcdCpuMs)} CPU`,
    ],
    ["  started per registrar", counts(registering.startedPerRegistrar)],
    [
      "new directory until synced",
      `${ms(listing.elapsedMs)}; CPU ${ms(listing.directoryCpuMs)}, etcd ${ms(listing.etcdCpuMs)}`,
    ],
    ["memory per instance", `${Math.round(listing.bytesPerInstance)} bytes`],
    ["all directories until synced", ms(following.elapsedMs)],
    ["  started per directory", counts(following.startedPerDirectory)],
    ["  started during changes", counts(following.startedDuringChanges)],
    ["  CPU per change, each", ms(following.cpuMsPerChange)],
    ["addition, put to snapshot", latency("addition")],
    ["drain, put to snapshot", latency("drain")],
    ["removal, delete to snapshot", latency("removal")],
    [
      "etcd CPU per keep-alive",
      `${keepAlives.microsecondsEach.toFixed(1)} µs (${keepAlives.renewals} leases)`,
    ],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `${name.padEnd(width)}${text}\n`).join("");
}

function ms(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}

function counts(started: Readonly<Record<string, number>>): string {
  const parts = Object.entries(started).map(
    ([method, count]) => `${Number(count.toFixed(1))} ${method}`,
  );
  return parts.join(", ") || "nothing";
}
