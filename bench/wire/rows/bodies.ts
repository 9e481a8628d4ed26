// What relaying large bodies costs, and whether it costs memory.

import { median } from "../../statistics.ts";
import { GRPC_HEADERS, type H2load, h2load } from "../../support/h2load.ts";
import { formatTable } from "../../support/markdown-table.ts";
import {
  type Load,
  measureCpu,
  type Run,
  ratioOf,
} from "../../support/measure.ts";
import {
  peakResidentBytes,
  resetPeak,
  residentBytes,
} from "../../support/memory.ts";
import { type Subject, startProgram } from "../../support/subject.ts";
import {
  type Files,
  GREETING_PATH,
  MEBIBYTE_PATH,
  startHaproxy,
  startNghttpd,
} from "../peers.ts";
import { probe } from "../probe.ts";
import type { Row, Settings } from "./row.ts";

/** A call of 1 MiB stands for so many small ones. */
const SMALL_CALLS = 200;
const MEBIBYTE = 2 ** 20;
/** HAProxy with four times its default. */
const LARGE_BUFFER_BYTES = 65_536;

type Direction = "down" | "up";

export const bodies: Row = {
  name: "bodies",
  title: "A relay of bodies of 1 MiB",
  async measure(settings) {
    await using backend = await startNghttpd(settings.files);
    const { port } = backend;
    await using wire = await startProgram("wire", "wire/programs/relay.ts", [
      port,
    ]);
    await using haproxy = await startHaproxy(port);
    await using larger = await startHaproxy(port, LARGE_BUFFER_BYTES);
    const subjects = [wire, haproxy, larger];
    for (const subject of subjects) await probe(subject.port, GREETING_PATH);
    const lines: string[][] = [];
    for (const direction of ["down", "up"] as const) {
      for (const streams of [1, 16]) {
        const call = { ...callOf(direction, settings.files), streams };
        const line = await compare(subjects, settings, call);
        lines.push([`${direction}, ${streams} at once`, ...line]);
      }
    }
    return formatTable(
      [
        ...["MiB per CPU second", "wire", "HAProxy", "... with 64 KiB buffers"],
        ...["wire / HAProxy", "goal", "... with 64 KiB buffers"],
        ...["socket writes per MiB", "RSS in MiB: before", "peak", "after"],
      ],
      lines,
    );
  },
};

/** Ours comes first. */
async function compare(
  subjects: readonly Subject[],
  { runs, calls }: Settings,
  call: Omit<H2load, "calls">,
): Promise<string[]> {
  const [wire] = subjects;
  if (wire === undefined) throw new Error("nobody to compare");
  const load: Load = ({ port }, count) =>
    h2load(port, { ...call, calls: count });
  const few = Math.ceil(calls / SMALL_CALLS);
  await load(wire, few);
  resetPeak(wire.pid);
  const before = residentBytes(wire.pid);
  const contestants = subjects.map((subject) => ({ subject }));
  const found = await measureCpu(contestants, { runs, calls: few }, load);
  const peak = peakResidentBytes(wire.pid);
  const [ours = [], ...others] = found;
  const [ratio = "", ratioLarger = ""] = others.map((theirs) =>
    (1 / ratioOf(ours, theirs)).toFixed(2),
  );
  const writes = ours.flatMap(({ writesPerCall }) => writesPerCall ?? []);
  return [
    ...found.map(throughput),
    ...[ratio, "at least 2", ratioLarger],
    median(writes).toFixed(1),
    ...[before, peak, residentBytes(wire.pid)].map(mebibytes),
  ];
}

function callOf(
  direction: Direction,
  files: Files,
): Pick<H2load, "path" | "headers" | "body" | "connections"> {
  const common = { headers: GRPC_HEADERS, connections: 1 };
  return direction === "down"
    ? { path: MEBIBYTE_PATH, ...common }
    : { path: GREETING_PATH, body: files.mebibyte, ...common };
}

/** Mebibytes for each second of CPU time; a call is one of them. */
function throughput(runs: readonly Run[]): string {
  const each = median(runs.map(({ cpuMicroseconds }) => cpuMicroseconds));
  return (1e6 / each).toFixed(0);
}

function mebibytes(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(0);
}
