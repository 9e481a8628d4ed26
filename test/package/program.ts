// Starts a program of the installed package, and knows when it listens.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/**
 * A program that listens. Disposing of it stops it, and fails unless it ends
 * by itself, with exit code 0.
 */
export interface Program extends AsyncDisposable {
  /** "host:port", as its log says. */
  readonly address: string;
}

const STOP_TIMEOUT_MS = 20_000;

/**
 * Start a program with this Node and wait until it logs where it listens.
 */
export async function startProgram(
  cwd: string,
  ...args: readonly string[]
): Promise<Program> {
  const child = spawn(process.execPath, args, {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
  });
  return {
    address: await listening(child, args.join(" ")),
    [Symbol.asyncDispose]: () => stop(child, args.join(" ")),
  };
}

async function listening(child: ChildProcess, what: string): Promise<string> {
  const { stdout } = child;
  if (stdout === null) throw new Error(`${what}: no standard output`);
  const output: string[] = [];
  const lines = createInterface({ input: stdout });
  const address = await new Promise<string | undefined>((resolve) => {
    // The log is read to its end: a full pipe would stop the program.
    lines.on("line", (line) => {
      output.push(line);
      const { msg, address } = parseLog(line);
      if (msg === "listening") resolve(address);
    });
    lines.on("close", () => resolve(undefined));
  });
  if (address !== undefined) return address;
  throw new Error(`${what} ended before it listened:\n${output.join("\n")}`);
}

function parseLog(line: string): { msg?: string; address?: string } {
  try {
    return JSON.parse(line);
  } catch {
    return {}; // for people: not a line of the log
  }
}

async function stop(child: ChildProcess, what: string): Promise<void> {
  const kill = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  clearTimeout(kill);
  if (child.exitCode === 0) return;
  throw new Error(`${what} ended with ${child.exitCode ?? child.signalCode}`);
}
