// What messages of 1 MiB cost a service, one by one and streamed, and whether
// they cost memory.

import { median } from "../../statistics.ts";
import { formatTable } from "../../support/markdown-table.ts";
import { measureCpu, type Run, ratioOf } from "../../support/measure.ts";
import {
  peakResidentBytes,
  resetPeak,
  residentBytes,
} from "../../support/memory.ts";
import type { Subject } from "../../support/subject.ts";
import { grpcCalls } from "../loads.ts";
import type { Message } from "../messages.ts";
import { probeBlobs } from "../probe.ts";
import { startConnectNode, startGrpcJs, startService } from "../programs.ts";
import { BLOBS } from "../routes.ts";
import type { Row, Settings } from "./row.ts";

/** A message of 1 MiB stands for so many small calls. */
const SMALL_CALLS = 400;
const MEBIBYTE = 2 ** 20;
const SHAPE = { connections: 2, streams: 2 };

export const largeMessages: Row = {
  name: "large-messages",
  title: "Messages of 1 MiB in gRPC (2 connections x 2 calls at once)",
  async measure(settings) {
    await using portolan = await startService();
    await using connectNode = await startConnectNode("http2");
    await using larger = await startConnectNode("windows");
    await using grpcJs = await startGrpcJs();
    const subjects = [portolan, connectNode, larger, grpcJs];
    for (const subject of subjects) await probeBlobs(subject);
    const { echo, upload, download } = settings.files;
    const kinds: readonly [name: string, call: Message, mebibytes: number][] = [
      ["unary, there and back", echo, 2],
      [`client streaming, ${BLOBS} a call`, upload, BLOBS],
      [`server streaming, ${BLOBS} a call`, download, BLOBS],
    ];
    const lines: string[][] = [];
    for (const [name, call, mebibytes] of kinds) {
      lines.push([
        name,
        ...(await compare(subjects, settings, call, mebibytes)),
      ]);
    }
    return formatTable(
      [
        ...["MiB per CPU second", ...subjects.map(({ name }) => name)],
        ...["portolan / connect-node", "goal", "... with our windows"],
        "portolan / grpc-js",
        ...["RSS of portolan in MiB: before", "peak", "after", "goal"],
      ],
      lines,
    );
  },
};

/** Ours comes first. */
async function compare(
  subjects: readonly Subject[],
  { runs, calls }: Settings,
  call: Message,
  mebibytes: number,
): Promise<string[]> {
  const [portolan] = subjects;
  if (portolan === undefined) throw new Error("nobody to compare");
  const load = grpcCalls(call, SHAPE);
  const few = Math.ceil(calls / SMALL_CALLS / mebibytes);
  await load(portolan, few);
  resetPeak(portolan.pid);
  const before = residentBytes(portolan.pid);
  const contestants = subjects.map((subject) => ({ subject }));
  const found = await measureCpu(contestants, { runs, calls: few }, load);
  const [ours = [], ...others] = found;
  const [connectNode = "", ...ratios] = others.map((theirs) =>
    (1 / ratioOf(ours, theirs)).toFixed(2),
  );
  const { pid } = portolan;
  const memory = [before, peakResidentBytes(pid), residentBytes(pid)];
  return [
    ...found.map((runs) => throughput(runs, mebibytes)),
    ...[connectNode, "at least 3", ...ratios],
    ...memory.map((bytes) => (bytes / MEBIBYTE).toFixed(0)),
    "flat",
  ];
}

/** Mebibytes for each second of CPU time. */
function throughput(runs: readonly Run[], mebibytes: number): string {
  const each = median(runs.map(({ cpuMicroseconds }) => cpuMicroseconds));
  return ((1e6 * mebibytes) / each).toFixed(0);
}
