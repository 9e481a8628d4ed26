// What a small call with plain JSON costs a service, over HTTP/2.

import {
  type Contestant,
  formatRuns,
  measureCpu,
} from "../../support/measure.ts";
import { jsonCalls } from "../loads.ts";
import { probeJson } from "../probe.ts";
import { startConnectNode, startService } from "../programs.ts";
import { CONNECT_NODE_RATIO, type Row } from "./row.ts";

export const unaryJsonHttp2: Row = {
  name: "unary-json-http2",
  title: "Unary Connect with JSON over HTTP/2 (10 connections x 20 at once)",
  async measure(settings) {
    await using portolan = await startService();
    await using connectNode = await startConnectNode("http2");
    const contestants: readonly Contestant[] = [
      { subject: portolan },
      { subject: connectNode, ratio: CONNECT_NODE_RATIO, goal: "at most 0.1" },
    ];
    for (const { subject } of contestants) await probeJson(subject, "2");
    const load = jsonCalls(settings.files.helloJson, "http2");
    const runs = await measureCpu(contestants, settings, load);
    return formatRuns(contestants, runs);
  },
};
