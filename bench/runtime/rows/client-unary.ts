// What a small gRPC call costs its caller, 200 under way at once to one server,
// on as many connections as the client thinks fit. Each answer is looked at.

import {
  type Contestant,
  formatRuns,
  type Load,
  measureCpu,
} from "../../support/measure.ts";
import type { OwnSubject } from "../../support/subject.ts";
import { startCannedServer, startClient } from "../programs.ts";
import { CONNECT_NODE_RATIO, GRPC_JS_RATIO, type Row } from "./row.ts";

export const clientUnary: Row = {
  name: "client-unary",
  title: "The caller of a unary gRPC call (200 at once, one server)",
  async measure(settings) {
    await using server = await startCannedServer();
    const { port } = server;
    await using portolan = await startClient("portolan", port);
    await using connectNode = await startClient("connect-node", port);
    await using grpcJs = await startClient("grpc-js", port);
    const contestants: readonly Contestant<OwnSubject>[] = [
      { subject: portolan },
      { subject: connectNode, ratio: CONNECT_NODE_RATIO, goal: "at most 0.2" },
      { subject: grpcJs, ratio: GRPC_JS_RATIO, goal: "less than 1" },
    ];
    const load: Load<OwnSubject> = ({ makeCalls }, calls) => makeCalls(calls);
    const runs = await measureCpu(contestants, settings, load);
    return formatRuns(contestants, runs);
  },
};
