// A process under measurement, or one that makes the load: started, watched,
// and ended with whoever started it. It may end by itself only when it is
// asked to; what it complained of is then in the error.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { killAtExit } from "../../test/support/at-exit.ts";

/** How long a process may take to exit. */
const EXIT_MS = 5_000;

/** How much of what it complained of is kept, in characters. */
const COMPLAINTS = 4_000;

/** What to start. */
export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** More variables than this process has. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A running process. Disposing of it ends it: SIGTERM, later SIGKILL. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** The next line of its standard output. Rejects if it ends without one. */
  readLine(): Promise<string>;
  /** Write a line to its standard input. */
  writeLine(text: string): void;
  /** Resolves with the exit code and everything that no readLine() took. */
  readonly finished: Promise<Outcome>;
  /** Rejects with what it complained of as soon as it ends; never resolves. */
  readonly ended: Promise<never>;
}

/** How a process ended. */
export interface Outcome {
  readonly code: number | null;
  readonly output: string;
  /** The end of what it wrote to standard error. */
  readonly complaints: string;
}

/** Start a process. Rejects if there is no such program. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const child = spawn(options.command, [...options.args], {
    cwd: options.cwd,
    // biome-ignore lint/style/noProcessEnv: handed on, not read
    env: { ...process.env, ...options.env },
    stdio: "pipe",
  });
  await once(child, "spawn");
  killAtExit(child);
  child.stdin.on("error", () => {}); // it ended; that is told elsewhere
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-COMPLAINTS);
  });
  const lines = readLines(child);
  const finished = (async (): Promise<Outcome> => {
    const [code] = await once(child, "close");
    return { code: code as number | null, output: lines.rest(), complaints };
  })();
  const ended = finished.then(({ code, output, complaints }): never => {
    const told = [output, complaints].join("\n").trim();
    throw new Error(`${options.command} ended with ${code}:\n${told}`);
  });
  ended.catch(() => {}); // wanted while somebody waits for it only
  return {
    pid: child.pid ?? 0,
    readLine: () => Promise.race([lines.next(), ended]),
    writeLine: (text) => void child.stdin.write(`${text}\n`),
    finished,
    ended,
    [Symbol.asyncDispose]: () => stop(child, finished),
  };
}

function readLines(child: ChildProcess) {
  const unread: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  if (child.stdout === null) throw new Error("no output to read");
  createInterface({ input: child.stdout }).on("line", (line) => {
    const taker = waiting.shift();
    if (taker === undefined) unread.push(line);
    else taker(line);
  });
  return {
    rest: () => unread.join("\n"),
    next: () =>
      new Promise<string>((resolve) => {
        const line = unread.shift();
        if (line === undefined) waiting.push(resolve);
        else resolve(line);
      }),
  };
}

async function stop(
  child: ChildProcess,
  finished: Promise<unknown>,
): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), EXIT_MS);
    await finished;
    clearTimeout(late);
  }
}
