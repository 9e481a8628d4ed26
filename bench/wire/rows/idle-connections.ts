// What a connection that does nothing keeps in memory, beside a bare socket.

import { median } from "../../statistics.ts";
import { interleave } from "../../support/interleave.ts";
import { formatTable } from "../../support/markdown-table.ts";
import { residentBytes } from "../../support/memory.ts";
import { startGenerator } from "../loads.ts";
import { type OwnSubject, startProgram, untilConnections } from "../subject.ts";
import type { Row } from "./row.ts";

const CONNECTIONS = 10_000;
/** A process with connections is told apart from one that is only young. */
const WARM_UP_CONNECTIONS = 500;
/**
 * In MiB. What opens connections that fast lets V8's young generation grow by
 * 60 MiB: pages that are empty after a collection, but stay resident.
 */
const SMALL_YOUNG_GENERATION = ["--max-semi-space-size=1"];
/** Each run is a process of its own with 10,000 connections. */
const MOST_RUNS = 3;

interface Kind {
  readonly name: string;
  readonly program: "wire" | "bare";
  /** For the generator. */
  readonly flags: readonly string[];
  readonly calls: number;
}

const KINDS: readonly Kind[] = [
  { name: "bare socket", program: "bare", flags: ["--silent"], calls: 0 },
  { name: "wire, settings exchanged", program: "wire", flags: [], calls: 0 },
  {
    name: "wire, after a call",
    program: "wire",
    flags: [],
    calls: CONNECTIONS,
  },
];

export const idleConnections: Row = {
  name: "idle-connections",
  title: `${CONNECTIONS.toLocaleString("en")} idle connections`,
  async measure({ runs }) {
    const few = Math.min(runs, MOST_RUNS);
    const found = await interleave(KINDS, few, measureKind);
    const figure = (i: number, key: keyof Memory) =>
      median((found[i] ?? []).map((it) => it[key])) / CONNECTIONS;
    const lines = KINDS.map(({ name }, i) => [
      name,
      kibibytes(figure(i, "memoryBytes")),
      kibibytes(figure(i, "residentBytes")),
      ...(i === 0
        ? ["", "", ""]
        : [
            kibibytes(figure(i, "memoryBytes") - figure(0, "memoryBytes")),
            kibibytes(figure(i, "residentBytes") - figure(0, "residentBytes")),
            "less than 10 KiB",
          ]),
    ]);
    return formatTable(
      [
        ...["each", "heap + external", "RSS", "more than a bare socket: heap"],
        ...["RSS", "goal"],
      ],
      lines,
    );
  },
};

interface Memory {
  readonly memoryBytes: number;
  readonly residentBytes: number;
}

async function measureKind(kind: Kind): Promise<Memory> {
  await using subject = await startProgram(
    kind.name,
    "idle-server.ts",
    [kind.program],
    SMALL_YOUNG_GENERATION,
  );
  await withConnections(subject, kind, WARM_UP_CONNECTIONS, async () => {});
  await untilConnections(subject, 0);
  const before = await memoryOf(subject);
  return await withConnections(subject, kind, CONNECTIONS, async () => {
    await untilConnections(subject, CONNECTIONS);
    const after = await memoryOf(subject);
    return {
      memoryBytes: after.memoryBytes - before.memoryBytes,
      residentBytes: after.residentBytes - before.residentBytes,
    };
  });
}

async function withConnections<T>(
  { port, ended }: OwnSubject,
  { flags, calls }: Kind,
  connections: number,
  act: () => Promise<T>,
): Promise<T> {
  await using generator = await startGenerator([
    ...["--port", port, "--connections", connections, "--stay", ...flags],
    ...["--streams", 1, "--calls", Math.min(calls, connections)],
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
