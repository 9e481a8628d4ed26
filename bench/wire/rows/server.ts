// What answering a small call costs.

import {
  type Contestant,
  formatRuns,
  measureCpu,
} from "../../support/measure.ts";
import { startProgram } from "../../support/subject.ts";
import { sameCalls } from "../loads.ts";
import { GREETING_PATH, startNghttpd } from "../peers.ts";
import { probe } from "../probe.ts";
import type { Row } from "./row.ts";

export const server: Row = {
  name: "server",
  title: "A server that answers small calls (10 connections x 20 at once)",
  async measure(settings) {
    await using wire = await startProgram(
      "wire",
      "wire/programs/wire-server.ts",
    );
    await using node = await startProgram(
      "node:http2",
      "wire/programs/node-http2-server.ts",
    );
    await using nghttpd = await startNghttpd(settings.files);
    const contestants: readonly Contestant[] = [
      { subject: wire },
      { subject: node, ratio: 0.2, goal: "at most 0.125" },
      { subject: nghttpd, goal: "at most 2" },
    ];
    for (const { subject } of contestants) {
      await probe(subject.port, GREETING_PATH);
    }
    const load = sameCalls(settings.files);
    const runs = await measureCpu(contestants, settings, load);
    return formatRuns(contestants, runs);
  },
};
