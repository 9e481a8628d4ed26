// What an interceptor adds to a small gRPC call. It reads a header, so that
// there have to be headers to read.

import { median } from "../../statistics.ts";
import { formatTable } from "../../support/markdown-table.ts";
import { formatRuns, measureCpu } from "../../support/measure.ts";
import { grpcCalls } from "../loads.ts";
import { probeGreeter } from "../probe.ts";
import { startService } from "../programs.ts";
import type { Row } from "./row.ts";

export const interceptor: Row = {
  name: "interceptor",
  title: "Unary gRPC, an interceptor that reads a header",
  async measure(settings) {
    await using withOne = await startService("with one", "--interceptor");
    await using without = await startService("without");
    const contestants = [withOne, without].map((subject) => ({ subject }));
    for (const { subject } of contestants) await probeGreeter(subject);
    const load = grpcCalls(settings.files.hello);
    const runs = await measureCpu(contestants, settings, load);
    const [ours = [], theirs = []] = runs;
    const added = median(
      ours.map(
        ({ cpuMicroseconds }, i) =>
          cpuMicroseconds - (theirs[i]?.cpuMicroseconds ?? Number.NaN),
      ),
    );
    return [
      formatRuns(contestants, runs),
      formatTable(
        ["added to a call", "goal"],
        [[`${added.toFixed(2)} µs`, "at most 2 µs"]],
      ),
    ].join("\n");
  },
};
