// What relaying costs when no two calls have the same header block: one header
// changes and is put into the HPACK table, as gRPC clients do with
// "grpc-timeout".

import { formatTable } from "../../support/markdown-table.ts";
import {
  type Contestant,
  formatRuns,
  measureCpu,
  ratioOf,
} from "../../support/measure.ts";
import { startProgram } from "../../support/subject.ts";
import { greetingCalls } from "../loads.ts";
import { GREETING_PATH, startHaproxy, startNghttpd } from "../peers.ts";
import { probe } from "../probe.ts";
import type { Row } from "./row.ts";

export const changingHeaders: Row = {
  name: "changing-headers",
  title: "The same relay, a header of each call different",
  async measure(settings) {
    await using backend = await startNghttpd(settings.files);
    const { port } = backend;
    await using wire = await startProgram("wire", "wire/programs/relay.ts", [
      port,
    ]);
    await using haproxy = await startHaproxy(port);
    const contestants: readonly Contestant[] = [
      { subject: wire },
      { subject: haproxy, ratio: 0.5 },
    ];
    for (const { subject } of contestants) {
      await probe(subject.port, GREETING_PATH);
    }
    const same = await measureCpu(contestants, settings, greetingCalls(false));
    const changing = await measureCpu(
      contestants,
      settings,
      greetingCalls(true),
    );
    const ratios = contestants.map(({ subject }, i) => [
      subject.name,
      ratioOf(changing[i] ?? [], same[i] ?? []).toFixed(2),
      subject === wire ? "at most 2" : "",
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
