// What connections that do nothing keep in memory, beside bare sockets.

import { median } from "../statistics.ts";
import { startGenerator } from "./generator/run.ts";
import { interleave } from "./interleave.ts";
import { formatTable } from "./markdown-table.ts";
import { residentBytes } from "./memory.ts";
import { type OwnSubject, startProgram, untilConnections } from "./subject.ts";

/** How many there are. */
export const IDLE_CONNECTIONS = 10_000;
/** A process with connections is told apart from one that is only young. */
const WARM_UP_CONNECTIONS = 500;
/**
 * In MiB. What opens connections that fast lets V8's young generation grow by
 * 60 MiB: pages that are empty after a collection, but stay resident.
 */
const SMALL_YOUNG_GENERATION = ["--max-semi-space-size=1"];
/** Each run is a process of its own with 10,000 connections. */
const MOST_RUNS = 3;

/** A program with connections that do nothing. */
export interface IdleKind {
  readonly name: string;
  /** In bench/. */
  readonly program: string;
  readonly args?: readonly string[];
  /** For the generator. */
  readonly flags?: readonly string[];
  /** Make a call on each before it is idle. */
  readonly called?: boolean;
}

/**
 * Measure all kinds and compare them with the first one. Resolves with a table;
 * `goal` is told with each but the first.
 */
export async function measureIdle(
  kinds: readonly IdleKind[],
  runs: number,
  goal: string,
): Promise<string> {
  const few = Math.min(runs, MOST_RUNS);
  const found = await interleave(kinds, few, measureKind);
  const figure = (i: number, key: keyof Memory) =>
    median((found[i] ?? []).map((it) => it[key])) / IDLE_CONNECTIONS;
  const more = (i: number, key: keyof Memory) =>
    kibibytes(figure(i, key) - figure(0, key));
  const lines = kinds.map(({ name }, i) => [
    name,
    kibibytes(figure(i, "memoryBytes")),
    kibibytes(figure(i, "residentBytes")),
    ...(i === 0
      ? ["", "", ""]
      : [more(i, "memoryBytes"), more(i, "residentBytes"), goal]),
  ]);
  return formatTable(
    [
      ...[
        "each",
        "heap + external",
        "RSS",
        `more than ${kinds[0]?.name}: heap`,
      ],
      ...["RSS", "goal"],
    ],
    lines,
  );
}

interface Memory {
  readonly memoryBytes: number;
  readonly residentBytes: number;
}

async function measureKind(kind: IdleKind): Promise<Memory> {
  const { name, program, args = [] } = kind;
  await using subject = await startProgram(
    ...([name, program, args] as const),
    SMALL_YOUNG_GENERATION,
  );
  await withConnections(subject, kind, WARM_UP_CONNECTIONS, async () => {});
  await untilConnections(subject, 0);
  const before = await memoryOf(subject);
  return await withConnections(subject, kind, IDLE_CONNECTIONS, async () => {
    await untilConnections(subject, IDLE_CONNECTIONS);
    const after = await memoryOf(subject);
    return {
      memoryBytes: after.memoryBytes - before.memoryBytes,
      residentBytes: after.residentBytes - before.residentBytes,
    };
  });
}

async function withConnections<T>(
  { port, ended }: OwnSubject,
  { flags = [], called = false }: IdleKind,
  connections: number,
  act: () => Promise<T>,
): Promise<T> {
  await using generator = await startGenerator([
    ...["--port", port, "--connections", connections, "--stay", ...flags],
    ...["--streams", 1, "--calls", called ? connections : 0],
  ]);
  await Promise.race([generator.readLine(), ended]);
  return await act();
}

async function memoryOf(subject: OwnSubject): Promise<Memory> {
  const { memoryBytes } = await subject.collect();
  return { memoryBytes, residentBytes: residentBytes(subject.pid) };
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1_024).toFixed(1)} KiB`;
}
