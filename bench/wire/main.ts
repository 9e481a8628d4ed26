// Measures the HTTP/2 engine beside others, on loopback: all rows, or those
// that are named. See ../README.md for how.

import { execFileSync } from "node:child_process";
import { makeTemporaryDir } from "../../test/support/at-exit.ts";
import { describeMachine } from "../machine.ts";
import { readOptions } from "./options.ts";
import { createFiles } from "./peers.ts";

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) return;
  const { rows, runs, calls } = options;
  await using dir = await makeTemporaryDir("bench-wire");
  const files = await createFiles(dir.path);
  print(`${describeMachine()}; ${describePeers()}\n`);
  print(`${runs} runs, ${calls.toLocaleString("en")} calls\n`);
  for (const row of rows) {
    print(`\n## ${row.name}: ${row.title}\n\n`);
    print(await row.measure({ runs, calls, files }));
  }
}

/** The versions of the others. Throws if one of them is not installed. */
function describePeers(): string {
  const commands: readonly (readonly [string, string])[] = [
    ["h2load", "--version"],
    ["nghttpd", "--version"],
    ["nghttpx", "--version"],
    ["haproxy", "-v"],
    ["nginx", "-v"],
  ];
  const versions = commands.map(([command, flag]) => {
    const output = execFileSync("sh", ["-c", `${command} ${flag} 2>&1`], {
      encoding: "utf8",
    });
    const [version = "?"] = /\d+\.\d+\.\d+/.exec(output) ?? [];
    return `${command} ${version}`;
  });
  return versions.join(", ");
}

function print(text: string): void {
  process.stdout.write(text);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
