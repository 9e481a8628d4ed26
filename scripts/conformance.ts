// Runs the conformance suite of Connect against our server and our client.
//
//   npm run conformance                                 both, every case
//   npm run conformance -- server                       one of them
//   npm run conformance -- client --run "Basic/**" -vv  any option of the runner
//
// Fails if a case fails, and if fewer cases passed than the configuration says.
// With options the number isn't looked at: they may choose among the cases.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { judge, parseExpectedCases } from "./conformance-result.ts";
import { conformanceRunner } from "./conformance-tools.ts";
import { toError } from "./debian.ts";
import { run } from "./run.ts";
import { ROOT } from "./sources.ts";

const MODES = ["server", "client"] as const;
type Mode = (typeof MODES)[number];

/** Many times what it needs; what hangs is ended. */
const TIMEOUT_MS = 600_000;

// Two cores is what there often is, and the runner needs one of them.
const PARALLEL: Record<Mode, readonly string[]> = {
  server: ["--max-servers", "2", "-p", "4"],
  client: ["--max-servers", "2"],
};

async function main(args: readonly string[]): Promise<number> {
  const runner = await conformanceRunner();
  if (runner === undefined) {
    console.log("conformance: not run: no Go");
    return 0;
  }
  await checkTypes();
  const chosen = MODES.filter((mode) => mode === args[0]);
  const [modes, options] =
    chosen.length > 0 ? [chosen, args.slice(1)] : [MODES, args];
  // Both at once: the runner itself compares answers on one core only.
  const results = await Promise.all(
    modes.map((mode) => runMode(runner, mode, options)),
  );
  return results.every(Boolean) ? 0 : 1;
}

/** Not part of `npm run check`: without Go there are no stubs. */
async function checkTypes(): Promise<void> {
  const { output } = await run("tsc", "-p", "conformance/tsconfig.json");
  const errors = output.match(/^conformance\/.*$/gm) ?? [];
  if (errors.length > 0) throw new Error(errors.join("\n"));
}

/** Resolves with whether it went well. */
async function runMode(
  runner: string,
  mode: Mode,
  options: readonly string[],
): Promise<boolean> {
  const config = join(ROOT, `conformance/${mode}.yaml`);
  const expected = parseExpectedCases(await readFile(config, "utf8"));
  const start = performance.now();
  const { code, output } = await runRunner(runner, [
    ...["--mode", mode, "--conf", config, ...PARALLEL[mode], ...options],
    ...["--", process.execPath, join(ROOT, `conformance/${mode}.ts`)],
  ]);
  const verdict = judge(output, code, options.length > 0 ? 1 : expected);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`${output}conformance, ${mode}: ${verdict.text}, ${seconds} s\n`);
  return verdict.ok;
}

/** Resolves with what it printed and its exit code; null if a signal ended it. */
async function runRunner(
  runner: string,
  args: readonly string[],
): Promise<{ code: number | null; output: string }> {
  const child = spawn(runner, args, {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
    // A group of its own: ended with all that it has started.
    detached: true,
  });
  const end = () => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  const timer = setTimeout(end, TIMEOUT_MS);
  process.on("SIGINT", end).on("SIGTERM", end);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const [code] = await once(child, "close");
  clearTimeout(timer);
  process.off("SIGINT", end).off("SIGTERM", end);
  return { code, output };
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`conformance: ${toError(error).message}`);
  process.exitCode = 1;
}
