// Runs the tests: sees to it that there is an etcd, hands over to node's own
// test runner, and fails when that executed no test at all (node does not).
//
//   npm test                                  everything
//   npm test -- test/unit test/e2e/a.test.ts  these folders and files
//   npm test -- --test-name-pattern="log in"  any option of node --test

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { etcdBinaries } from "./etcd.ts";
import { ROOT } from "./sources.ts";

// Most tests wait for processes and sockets: two at once even on one core.
const CONCURRENCY = Math.max(2, availableParallelism());

async function main(args: readonly string[]): Promise<number> {
  await etcdBinaries();
  const dir = await mkdtemp(join(tmpdir(), "portolan-test-"));
  const countFile = join(dir, "count");
  const count = join(ROOT, "scripts/test-count.ts");
  try {
    const code = await runNode([
      "--test",
      `--test-concurrency=${CONCURRENCY}`,
      ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
      ...[
        `--test-reporter=${count}`,
        `--test-reporter-destination=${countFile}`,
      ],
      ...toNodeArguments(args),
    ]);
    if (code === 0 && Number(await readFile(countFile, "utf8")) === 0) {
      console.error("No test was executed. Does a test file match?");
      return 1;
    }
    return code;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Options as they are, then what to run: folders as patterns, or everything. */
function toNodeArguments(args: readonly string[]): string[] {
  const isPath = (arg: string) =>
    !arg.startsWith("-") && (arg.endsWith(".ts") || existsSync(arg));
  const paths = args.filter(isPath).map(toPattern);
  const options = args.filter((arg) => !isPath(arg));
  return [...options, ...(paths.length > 0 ? paths : [toPattern("test")])];
}

function toPattern(path: string): string {
  return path.endsWith(".ts") ? path : join(path, "**/*.test.ts");
}

/** Resolves with the exit code. A signal to us ends the tests as well. */
async function runNode(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: "inherit" });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  process.on("SIGINT", pass).on("SIGTERM", pass);
  const [code] = await once(child, "close");
  return code ?? 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
