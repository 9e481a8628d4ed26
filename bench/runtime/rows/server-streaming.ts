// What a message of a stream costs a service.

import {
  type Contestant,
  formatRuns,
  measureCpu,
} from "../../support/measure.ts";
import { grpcCalls } from "../loads.ts";
import { probeGreeter } from "../probe.ts";
import { startConnectNode, startGrpcJs, startService } from "../programs.ts";
import { LINES } from "../routes.ts";
import type { Row } from "./row.ts";

/** A call stands for so many small ones. */
const SMALL_CALLS = 500;

export const serverStreaming: Row = {
  name: "server-streaming",
  title: `Server streaming in gRPC, ${LINES.toLocaleString("en")} messages of 100 bytes a call (10 connections x 1 at once)`,
  async measure({ runs, calls, files }) {
    await using portolan = await startService();
    await using connectNode = await startConnectNode("http2");
    await using grpcJs = await startGrpcJs();
    const contestants: readonly Contestant[] = [
      { subject: portolan },
      { subject: connectNode, ratio: 0.5, goal: "at most 0.333" },
      { subject: grpcJs, ratio: 0.5, goal: "less than 1" },
    ];
    for (const { subject } of contestants) await probeGreeter(subject);
    const settings = { runs, calls: Math.ceil(calls / SMALL_CALLS) };
    const load = grpcCalls(files.countdown, { connections: 10, streams: 1 });
    const found = await measureCpu(contestants, settings, load);
    const unit = { name: "message", perCall: LINES };
    return formatRuns(contestants, found, unit);
  },
};
