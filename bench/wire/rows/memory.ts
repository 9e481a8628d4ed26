// Whether anything is left in memory after very many calls.

import { formatTable } from "../../support/markdown-table.ts";
import {
  type OwnSubject,
  startProgram,
  untilConnections,
} from "../../support/subject.ts";
import { sameCalls } from "../loads.ts";
import { startNghttpd } from "../peers.ts";
import type { Row, Settings } from "./row.ts";

/** Times the calls of a run: 1,000,000 if nothing else is said. */
const TIMES = 5;

export const memory: Row = {
  name: "memory",
  title: "What is left in memory after very many calls",
  async measure(settings) {
    await using backend = await startNghttpd(settings.files);
    await using server = await startProgram(
      "server",
      "wire/programs/wire-server.ts",
    );
    await using relay = await startProgram("relay", "wire/programs/relay.ts", [
      backend.port,
    ]);
    const lines = [
      await measureGrowth(server, settings),
      await measureGrowth(relay, settings),
    ];
    return formatTable(
      ["", "calls", "after warm-up", "at the end", "more", "goal"],
      lines,
    );
  },
};

async function measureGrowth(
  subject: OwnSubject,
  { calls, files }: Settings,
): Promise<string[]> {
  const load = sameCalls(files);
  await load(subject, calls);
  const before = await idleMemory(subject);
  await Promise.race([load(subject, calls * TIMES), subject.ended]);
  const after = await idleMemory(subject);
  return [
    subject.name,
    (calls * TIMES).toLocaleString("en"),
    ...[before, after, after - before].map(mebibytes),
    "at most 2 MiB",
  ];
}

/** After a collection when all callers have gone. */
async function idleMemory(subject: OwnSubject): Promise<number> {
  await untilConnections(subject, 0);
  return (await subject.collect()).memoryBytes;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(2)} MiB`;
}
