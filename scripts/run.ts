// Runs the programs of node_modules and git for the other scripts.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { ROOT } from "./sources.ts";

/**
 * What became of a command.
 */
export interface Outcome {
  readonly ok: boolean;
  /** What it printed, on either stream. */
  readonly output: string;
}

/**
 * Run a command in the root folder, with nothing on its standard input, and
 * keep what it prints. Resolves when it has ended, well or not.
 */
export async function run(
  command: string,
  ...args: readonly string[]
): Promise<Outcome> {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: environment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    return { ok: code === 0, output: stdout + stderr };
  } catch (error) {
    return { ok: false, output: `${command}: ${error}\n` };
  }
}

/** As npm sets it for its scripts, so that `node scripts/x.ts` works as well. */
function environment(): NodeJS.ProcessEnv {
  const path = [
    dirname(process.execPath),
    join(ROOT, "node_modules/.bin"),
    process.env["PATH"],
  ];
  return { ...process.env, PATH: path.join(delimiter) };
}
