// The load that most rows share: 10 connections with 20 calls under way on
// each, every call a small message there and back.

import { startChild } from "../support/child.ts";
import { h2load } from "./h2load.ts";
import type { Load } from "./measure.ts";
import { type Files, GREETING_PATH } from "./peers.ts";

const CONNECTIONS = 10;
const STREAMS = 20;

/** The same call again and again, made by h2load. */
export function sameCalls(files: Files): Load {
  return (port, calls) =>
    h2load(port, {
      path: GREETING_PATH,
      body: files.message,
      calls,
      connections: CONNECTIONS,
      streams: STREAMS,
    });
}

/** Calls of our generator, with a header that changes or without. */
export function generatedCalls(changing: boolean): Load {
  return async (port, calls) => {
    const answer = await runGenerator([
      ...["--port", port, "--calls", calls, "--path", GREETING_PATH],
      ...["--connections", CONNECTIONS, "--streams", STREAMS],
      ...(changing ? ["--changing"] : []),
    ]);
    return answer.elapsedMs;
  };
}

async function runGenerator(
  args: readonly (string | number)[],
): Promise<{ elapsedMs: number }> {
  await using child = await startGenerator(args);
  return JSON.parse(await child.readLine()) as { elapsedMs: number };
}

/** Start the generator. It prints a line when its calls are made. */
export function startGenerator(args: readonly (string | number)[]) {
  return startChild({
    command: process.execPath,
    args: [`${import.meta.dirname}/generator.ts`, ...args.map(String)],
  });
}
