// What a small gRPC call costs a service.

import {
  type Contestant,
  formatRuns,
  measureCpu,
} from "../../support/measure.ts";
import { grpcCalls } from "../loads.ts";
import { probeGreeter } from "../probe.ts";
import { startConnectNode, startGrpcJs, startService } from "../programs.ts";
import { CONNECT_NODE_RATIO, GRPC_JS_RATIO, type Row } from "./row.ts";

export const unaryGrpc: Row = {
  name: "unary-grpc",
  title: "Unary gRPC (10 connections x 20 at once)",
  async measure(settings) {
    await using portolan = await startService();
    await using connectNode = await startConnectNode("http2");
    await using grpcJs = await startGrpcJs();
    const contestants: readonly Contestant[] = [
      { subject: portolan },
      {
        subject: connectNode,
        ratio: CONNECT_NODE_RATIO,
        goal: "at most 0.067",
      },
      { subject: grpcJs, ratio: GRPC_JS_RATIO, goal: "at most 0.25" },
    ];
    for (const { subject } of contestants) await probeGreeter(subject);
    const load = grpcCalls(settings.files.hello);
    const runs = await measureCpu(contestants, settings, load);
    return formatRuns(contestants, runs);
  },
};
