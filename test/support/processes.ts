// Which processes a process has started, and whether they are still there.

import { run } from "./command.ts";

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
}

/**
 * The pids of all processes below another one: children, their children and so
 * on.
 */
export async function descendantsOf(pid: number): Promise<number[]> {
  const entries = await listProcesses();
  const found: number[] = [];
  const visit = (parent: number) => {
    for (const entry of entries) {
      if (entry.parent !== parent) continue;
      found.push(entry.pid);
      visit(entry.pid);
    }
  };
  visit(pid);
  return found;
}

/** Those of some processes that still run. */
export async function stillRunning(pids: readonly number[]): Promise<number[]> {
  const running = new Set((await listProcesses()).map(({ pid }) => pid));
  return pids.filter((pid) => running.has(pid));
}

/** All processes, without those that ended and were not waited for yet. */
async function listProcesses(): Promise<ProcessEntry[]> {
  const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid=,stat="]);
  return stdout
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([pid, , stat]) => pid !== "" && !stat?.startsWith("Z"))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }));
}
