// A program of ours as a real process, watched through its log lines.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { killAtExit } from "./at-exit.ts";

/** The top of the repository. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** One line that a program printed; the fields of a JSON log line. */
export interface Line {
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What to run. */
export interface ProgramOptions {
  /** The script, relative to the top of the repository, and its arguments. */
  readonly args: readonly string[];
  /** Another program than the Node that runs the test. */
  readonly command?: string;
  /** Put it into a process group of its own, as a shell does. */
  readonly ownGroup?: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Defaults to the top of the repository. */
  readonly cwd?: string;
}

/** A process that runs or ran. */
export interface Program extends AsyncDisposable {
  readonly process: ChildProcess;
  /** Everything it printed so far, standard error included. */
  readonly lines: readonly Line[];
  /**
   * Wait for a line, those that were printed before included. Rejects with all
   * output if the process ends without it.
   */
  line(matches: (line: Line) => boolean): Promise<Line>;
  /** Resolves with the exit code, or the signal's name, once all output is there. */
  readonly exited: Promise<number | string>;
  /** Send a signal and wait for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

/**
 * Start a program, with the Node that runs the test unless `command` says
 * otherwise.
 */
export function startProgram(options: ProgramOptions): Program {
  // What a developer's shell sets must not reach a test's programs.
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !name.startsWith("PORTOLAN_") && name !== "NODE_TEST_CONTEXT",
    ),
  );
  const child = spawn(options.command ?? process.execPath, [...options.args], {
    cwd: options.cwd ?? root,
    detached: options.ownGroup ?? false,
    env: { ...clean, NO_COLOR: "1", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  killAtExit(child);
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  const notify = () => {
    for (const check of [...waiting]) check();
  };
  const read = async (stream: Readable) => {
    for await (const text of createInterface({ input: stream })) {
      lines.push({ text, fields: parseFields(text) });
      notify();
    }
  };
  let ended = false;
  const output = Promise.all([read(child.stdout), read(child.stderr)]);
  const exited = (async () => {
    const [code, signal] = await once(child, "exit");
    await output;
    ended = true;
    notify();
    return (code ?? signal) as number | string;
  })();
  return {
    process: child,
    lines,
    exited,
    line: (matches) =>
      new Promise((resolve, reject) => {
        const check = () => {
          const found = lines.find(matches);
          if (found === undefined && !ended) return;
          waiting.delete(check);
          if (found !== undefined) resolve(found);
          else reject(new Error(`ended without the line:\n${print(lines)}`));
        };
        waiting.add(check);
        check();
      }),
    async stop(signal = "SIGTERM") {
      if (!ended) child.kill(signal);
      return exited;
    },
    async [Symbol.asyncDispose]() {
      if (!ended) child.kill("SIGKILL");
      await exited;
    },
  };
}

function parseFields(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {}; // not every line is a log line
  }
}

function print(lines: readonly Line[]): string {
  return lines.map(({ text }) => text).join("\n");
}
