// What must not outlive a test process: its child processes and its temporary
// folders. Whoever makes one also disposes of it; this is for when they don't
// get that far, because the process is ended by a signal or just exits.
//
// SIGKILL can't be answered: then both stay behind.

import type { ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const children = new Set<ChildProcess>();
const dirs = new Set<string>();
let watching = false;

/**
 * Kill a child process, even a stopped one, when this process ends before it
 * does. Forgets the child once it has exited.
 */
export function killAtExit(child: ChildProcess): void {
  watchForEnd();
  children.add(child);
  child.once("exit", () => children.delete(child));
}

/** A folder that its owner removes. */
export interface TemporaryDir extends AsyncDisposable {
  /** Absolute path. */
  readonly path: string;
}

/**
 * Make an empty temporary folder. It goes with all it holds when disposed of,
 * or when this process ends. `name` begins its own: "portolan-<name>-".
 */
export async function makeTemporaryDir(name: string): Promise<TemporaryDir> {
  watchForEnd();
  const path = await mkdtemp(join(tmpdir(), `portolan-${name}-`));
  dirs.add(path);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
      dirs.delete(path);
    },
  };
}

function watchForEnd(): void {
  if (watching) return;
  watching = true;
  process.once("exit", cleanUp);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      // Somebody else's way to end comes to "exit" as well.
      if (process.listenerCount(signal) > 0) return;
      cleanUp();
      process.kill(process.pid, signal);
    });
  }
}

function cleanUp(): void {
  for (const child of children) child.kill("SIGKILL");
  for (const dir of dirs) {
    try {
      // A process just killed may write until it is really gone.
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    } catch {
      // The end is no place for errors, and the next folder is to go too.
    }
  }
}
