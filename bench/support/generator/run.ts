// Starts the generator as a process.

import { type Child, startChild } from "../child.ts";
import type { Load } from "../measure.ts";

/** What the generator is to call, and how. */
export interface GeneratorLoad {
  readonly path: string;
  readonly connections: number;
  /** Calls under way at once on each connection. */
  readonly streams: number;
  /** Send a header that is different in each call. */
  readonly changing: boolean;
}

/** Calls of the generator, as a load. */
export function generatedCalls(load: GeneratorLoad): Load {
  return async ({ port }, calls) => {
    await using child = await startGenerator([
      ...["--port", port, "--calls", calls, "--path", load.path],
      ...["--connections", load.connections, "--streams", load.streams],
      ...(load.changing ? ["--changing"] : []),
    ]);
    const answer = JSON.parse(await child.readLine()) as { elapsedMs: number };
    return answer.elapsedMs;
  };
}

/** Start the generator. It prints a line when its calls are made. */
export function startGenerator(
  args: readonly (string | number)[],
): Promise<Child> {
  return startChild({
    command: process.execPath,
    args: [`${import.meta.dirname}/generator.ts`, ...args.map(String)],
  });
}
