// The memory of a process as Linux accounts for it.

import { readFileSync, writeFileSync } from "node:fs";

/** What a process holds in memory now (its resident set), in bytes. */
export function residentBytes(pid: number): number {
  return readStatus(pid, "VmRSS");
}

/** The most it held since resetPeak(), or since it began. */
export function peakResidentBytes(pid: number): number {
  return readStatus(pid, "VmHWM");
}

/** Let peakResidentBytes() begin anew. */
export function resetPeak(pid: number): void {
  // 5 resets the peak: proc(5), /proc/pid/clear_refs.
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

function readStatus(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const [, kib] = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status) ?? [];
  if (kib === undefined) throw new Error(`process ${pid} has no ${name}`);
  return Number(kib) * 1_024;
}
