// A suite of rows as a program: reads the command line, prints the machine and
// everybody's version, measures one row after the other.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { makeTemporaryDir } from "../../test/support/at-exit.ts";
import { describeMachine } from "../machine.ts";
import { type Choice, readOptions } from "./options.ts";

/** What a suite consists of. */
export interface Suite<Files> extends Choice<Files> {
  /** Begins the name of its temporary folder. */
  readonly name: string;
  /** Write what the rows need into an empty folder. */
  readonly createFiles: (dir: string) => Promise<Files>;
  /** The versions of the others. Throws if one of them is not installed. */
  readonly describePeers: () => string;
}

/** Run what the command line asks for. Never rejects: sets the exit code. */
export async function runSuite<Files>(suite: Suite<Files>): Promise<void> {
  try {
    await measureRows(suite);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

async function measureRows<Files>(suite: Suite<Files>): Promise<void> {
  const options = readOptions(process.argv.slice(2), suite);
  if (options === undefined) return;
  const { rows, runs, calls } = options;
  await using dir = await makeTemporaryDir(`bench-${suite.name}`);
  const files = await suite.createFiles(dir.path);
  print(`${describeMachine()}; ${suite.describePeers()}\n`);
  print(`${runs} runs, ${calls.toLocaleString("en")} calls\n`);
  for (const row of rows) {
    print(`\n## ${row.name}: ${row.title}\n\n`);
    print(await row.measure({ runs, calls, files }));
  }
}

/** "haproxy 2.6.12". Throws if there is no such program. */
export function describeProgram(command: string, flag = "--version"): string {
  const output = execFileSync("sh", ["-c", `${command} ${flag} 2>&1`], {
    encoding: "utf8",
  });
  const [version = "?"] = /\d+\.\d+\.\d+/.exec(output) ?? [];
  return `${command} ${version}`;
}

/** "@grpc/grpc-js 1.14.7", as it is installed. */
export function describePackage(name: string): string {
  const file = `${import.meta.dirname}/../../node_modules/${name}/package.json`;
  const { version } = JSON.parse(readFileSync(file, "utf8")) as {
    version: string;
  };
  return `${name} ${version}`;
}

function print(text: string): void {
  process.stdout.write(text);
}
