// `portolan dev` as a real process, with a temporary folder of its own.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { makeTemporaryDir } from "./at-exit.ts";
import { pathWithPackages } from "./generate.ts";
import { descendantsOf, stillRunning } from "./processes.ts";
import { type Program, root, startProgram } from "./program.ts";
import { until } from "./until.ts";

/** How to start it. */
export interface DevOptions {
  readonly args?: readonly string[];
  /** Its current folder; defaults to the top of the repository. */
  readonly cwd?: string;
  /** Through `npm start`, in a process group of its own. */
  readonly throughNpm?: boolean;
}

/** A `portolan dev` that runs or ran. */
export interface Dev extends AsyncDisposable {
  readonly program: Program;
  /**
   * Wait until it says that it is up. Resolves with the gateway's URL and the
   * commands that it proposes.
   */
  up(): Promise<{ readonly url: string; readonly commands: string[] }>;
  /** The pids of all processes that it has started and that run. */
  processes(): Promise<number[]>;
  /** Wait until all of some processes have ended. */
  ended(pids: readonly number[]): Promise<void>;
  /** What it has left in its folder for temporary files. */
  temporaryFiles(): Promise<string[]>;
}

/** Start it; the gateway listens on a free port unless `args` say otherwise. */
export async function startDev(options: DevOptions = {}): Promise<Dev> {
  const { args = [], cwd = root, throughNpm = false } = options;
  const temporary = await makeTemporaryDir("test");
  const flags = args.includes("--listen")
    ? args
    : ["--listen", "127.0.0.1:0", ...args];
  const env = { TMPDIR: temporary.path };
  const program = throughNpm
    ? startProgram({
        command: "npm",
        args: ["start", "--no-update-notifier", "--", ...flags],
        ownGroup: true,
        env: { ...env, PATH: pathWithPackages },
      })
    : startProgram({
        args: [join(root, "cli/main.ts"), "dev", ...flags],
        cwd,
        env,
      });
  const { pid = 0 } = program.process;
  return {
    program,
    async up() {
      await program.line(({ text }) => text.startsWith("Ctrl-C stops"));
      const texts = program.lines.map(({ text }) => text);
      const start = texts.findIndex((text) => /^Portolan is up/.test(text));
      const url = /http:\/\/[\w.]+:\d+/.exec(texts[start] ?? "")?.[0] ?? "";
      const commands = texts
        .slice(start)
        .filter((text) => text.startsWith("  "))
        .map((text) => text.trim());
      return { url, commands };
    },
    processes: () => descendantsOf(pid),
    async ended(pids) {
      const none = async () => (await stillRunning(pids)).length === 0;
      await until("all processes have ended", none);
    },
    async temporaryFiles() {
      // npm keeps its own compiled code there.
      const names = await readdir(temporary.path);
      return names.filter((name) => name !== "node-compile-cache");
    },
    async [Symbol.asyncDispose]() {
      // If the test failed, what it started may still be there, and hold the
      // other end of what the test reads.
      const pids = await descendantsOf(pid);
      program.process.kill("SIGKILL");
      for (const left of await stillRunning(pids))
        process.kill(left, "SIGKILL");
      await program[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}
