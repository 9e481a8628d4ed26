// What a small gRPC call costs when no two calls have the same header block:
// one header changes and is put into the HPACK table, as gRPC clients do with
// "grpc-timeout".

import { formatTable } from "../../support/markdown-table.ts";
import {
  type Contestant,
  formatRuns,
  measureCpu,
  ratioOf,
} from "../../support/measure.ts";
import { greetings } from "../loads.ts";
import { probeGreeter } from "../probe.ts";
import { startConnectNode, startGrpcJs, startService } from "../programs.ts";
import { CONNECT_NODE_RATIO, GRPC_JS_RATIO, type Row } from "./row.ts";

export const unaryGrpcChangingHeader: Row = {
  name: "unary-grpc-changing-header",
  title: "The same, a header of each call different",
  async measure(settings) {
    await using portolan = await startService();
    await using connectNode = await startConnectNode("http2");
    await using grpcJs = await startGrpcJs();
    const contestants: readonly Contestant[] = [
      { subject: portolan },
      { subject: connectNode, ratio: CONNECT_NODE_RATIO },
      { subject: grpcJs, ratio: GRPC_JS_RATIO },
    ];
    for (const { subject } of contestants) await probeGreeter(subject);
    const same = await measureCpu(contestants, settings, greetings(false));
    const changing = await measureCpu(contestants, settings, greetings(true));
    const ratios = contestants.map(({ subject }, i) => [
      subject.name,
      ratioOf(changing[i] ?? [], same[i] ?? []).toFixed(2),
      subject === portolan ? "at most 2" : "",
    ]);
    return [
      "All headers the same, from the same generator:\n",
      formatRuns(contestants, same),
      "One header changing:\n",
      formatRuns(contestants, changing),
      formatTable(["", "changing / the same", "goal"], ratios),
    ].join("\n");
  },
};
