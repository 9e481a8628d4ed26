// A program that runs to its end: curl, buf, or one of ours with wrong flags.

import { type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** No command of a test takes longer, in milliseconds. */
const TIMEOUT_MS = 30_000;

/** What a program left behind. */
export interface Finished {
  /** The exit code, or the name of the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Run a command at the top of the repository and wait for its end. `env` is
 * added to the test's own, of which nothing for our programs is passed on.
 */
export async function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("PORTOLAN_") && name !== "NODE_TEST_CONTEXT",
  );
  const options: SpawnOptions = {
    cwd: root,
    env: { ...Object.fromEntries(own), NO_COLOR: "1", ...env },
    timeout: TIMEOUT_MS,
  };
  const child = spawn(command, args, {
    ...options,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code: code ?? signal, stdout, stderr };
}

/** Run a script of ours, "cli/main.ts" for example, with this Node. */
export function runScript(
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<Finished> {
  return run(process.execPath, args, env);
}

/** Run buf, as npm installed it. */
export function buf(...args: readonly string[]): Promise<Finished> {
  return run(`${root}node_modules/.bin/buf`, args);
}

/** What curl got: the last response, if it followed several. */
export interface CurlAnswer {
  readonly status: number;
  /** "1.1" or "2". */
  readonly httpVersion: string;
  readonly body: string;
}

/**
 * Run curl. `args` are what a person would type; the protocol and the status
 * are asked for besides.
 */
export async function curl(...args: readonly string[]): Promise<CurlAnswer> {
  const write = "\n%{http_version} %{http_code}";
  const { code, stdout, stderr } = await run("curl", [
    ...["--silent", "--show-error", "--max-time", "20", "--write-out", write],
    ...args,
  ]);
  if (code !== 0) throw new Error(`curl ended with ${code}: ${stderr}`);
  const end = stdout.lastIndexOf("\n");
  const [httpVersion = "", status] = stdout.slice(end + 1).split(" ");
  return { httpVersion, status: Number(status), body: stdout.slice(0, end) };
}
