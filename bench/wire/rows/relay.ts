// What relaying a small call costs: 10 callers, one backend.

import {
  type Contestant,
  formatRuns,
  measureCpu,
} from "../../support/measure.ts";
import { startProgram } from "../../support/subject.ts";
import { sameCalls } from "../loads.ts";
import {
  GREETING_PATH,
  startHaproxy,
  startNghttpd,
  startNghttpx,
  startNginx,
} from "../peers.ts";
import { probe } from "../probe.ts";
import type { Row } from "./row.ts";

export const relay: Row = {
  name: "relay",
  title: "A relay of small calls (10 connections x 20 at once, one backend)",
  async measure(settings) {
    await using backend = await startNghttpd(settings.files);
    const { port } = backend;
    await using wire = await startProgram("wire", "wire/programs/relay.ts", [
      port,
    ]);
    await using haproxy = await startHaproxy(port);
    await using nghttpx = await startNghttpx(port);
    await using nginx = await startNginx(port, settings.files);
    await using node = await startProgram(
      "node:http2",
      "wire/programs/node-http2-proxy.ts",
      [port],
    );
    const contestants: readonly Contestant[] = [
      { subject: wire },
      { subject: haproxy, ratio: 0.5, goal: "at most 0.25" },
      { subject: nghttpx, ratio: 0.5 },
      { subject: nginx, ratio: 0.25 },
      { subject: node, ratio: 0.1, goal: "at most 0.056" },
    ];
    for (const { subject } of contestants) {
      await probe(subject.port, GREETING_PATH);
    }
    const load = sameCalls(settings.files);
    const runs = await measureCpu(contestants, settings, load);
    return formatRuns(contestants, runs);
  },
};
