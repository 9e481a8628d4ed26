// How a program of ours ends when it can't begin.

import { PortolanError } from "../core/index.ts";

/**
 * Run a program. A PortolanError becomes one line on standard error and exit
 * code 2 for wrong usage, 1 for the rest; anything else is a bug and is thrown
 * on, with its stack.
 */
export async function runProgram(
  name: string,
  main: () => Promise<void>,
): Promise<void> {
  try {
    await main();
  } catch (reason) {
    if (!(reason instanceof PortolanError)) throw reason;
    process.stderr.write(`${name}: ${reason.message}\n`);
    process.exit(reason.code === "ERR_USAGE" ? 2 : 1);
  }
}
