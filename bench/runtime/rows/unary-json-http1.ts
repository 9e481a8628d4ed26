// What a small call with plain JSON costs a service, over HTTP/1.1. A good part
// of that is node:http's own.

import {
  type Contestant,
  formatRuns,
  measureCpu,
} from "../../support/measure.ts";
import { jsonCalls } from "../loads.ts";
import { probeJson } from "../probe.ts";
import { startConnectNode, startNodeHttp, startService } from "../programs.ts";
import type { Row } from "./row.ts";

/** node:http takes its time whoever is behind it. */
const RATIO = 0.15;

export const unaryJsonHttp1: Row = {
  name: "unary-json-http1",
  title: "Unary Connect with JSON over HTTP/1.1 (50 connections)",
  async measure(settings) {
    await using portolan = await startService();
    await using connectNode = await startConnectNode("http1");
    await using nodeHttp = await startNodeHttp();
    const contestants: readonly Contestant[] = [
      { subject: portolan, ratio: RATIO },
      { subject: connectNode, ratio: RATIO, goal: "at most 0.25" },
      { subject: nodeHttp, ratio: RATIO },
    ];
    for (const { subject } of contestants) await probeJson(subject, "1.1");
    const load = jsonCalls(settings.files.helloJson, "http1");
    const runs = await measureCpu(contestants, settings, load);
    return formatRuns(contestants, runs);
  },
};
