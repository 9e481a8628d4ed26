// A server in a process of its own, whose handler throws where a test says.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { killAtExit } from "./at-exit.ts";
import { until } from "./until.ts";

/** Where a handler throws. */
export type Place =
  | "onRequest"
  | "onData"
  | "onTrailers"
  | "onSent"
  | "onClose";

/** A process under test. */
export interface Throwing extends AsyncDisposable {
  readonly port: number;
  /** What it has printed after its port. */
  lines(): string[];
}

/** Start a program that prints its port, and throws at a place. */
export async function startThrowing(
  program: URL,
  place: Place,
): Promise<Throwing> {
  const child = spawn(process.execPath, [fileURLToPath(program), place], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  killAtExit(child);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  await until("its port", () => output.includes("\n"));
  return {
    port: Number.parseInt(output, 10),
    lines: () => output.split("\n").slice(1, -1),
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}
