// What relaying costs when no two calls have the same header block: one header
// changes and is put into the HPACK table, as gRPC clients do with
// "grpc-timeout".

import { formatTable } from "../../support/markdown-table.ts";
import { generatedCalls } from "../loads.ts";
import {
  type Contestant,
  formatRuns,
  measureCpu,
  ratioOf,
} from "../measure.ts";
import { GREETING_PATH, startHaproxy, startNghttpd } from "../peers.ts";
import { probe } from "../probe.ts";
import { startProgram } from "../subject.ts";
import type { Row } from "./row.ts";

export const changingHeaders: Row = {
  name: "changing-headers",
  title: "The same relay, a header of each call different",
  async measure(settings) {
    await using backend = await startNghttpd(settings.files);
    const { port } = backend;
    await using wire = await startProgram("wire", "relay.ts", [port]);
    await using haproxy = await startHaproxy(port);
    const contestants: readonly Contestant[] = [
      { subject: wire },
      { subject: haproxy, ratio: 0.5 },
    ];
    for (const { subject } of contestants) {
      await probe(subject.port, GREETING_PATH);
    }
    const same = await measureCpu(contestants, settings, generatedCalls(false));
    const changing = await measureCpu(
      contestants,
      settings,
      generatedCalls(true),
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
