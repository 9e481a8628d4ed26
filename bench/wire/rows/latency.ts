// What a relay adds to the time of a call when there is but one at a time.

import { median } from "../../statistics.ts";
import { GRPC_HEADERS, timeCalls } from "../../support/h2load.ts";
import { interleave } from "../../support/interleave.ts";
import { formatTable } from "../../support/markdown-table.ts";
import { startProgram } from "../../support/subject.ts";
import { GREETING_PATH, startHaproxy, startNghttpd } from "../peers.ts";
import { probe } from "../probe.ts";
import type { Row } from "./row.ts";

/** One call at a time needs fewer of them than 200 do. */
const RATIO = 0.05;

export const latency: Row = {
  name: "latency",
  title: "One call at a time: what a relay adds",
  async measure({ runs, calls, files }) {
    await using backend = await startNghttpd(files);
    const { port } = backend;
    await using wire = await startProgram("wire", "wire/programs/relay.ts", [
      port,
    ]);
    await using haproxy = await startHaproxy(port);
    const subjects = [backend, wire, haproxy];
    for (const subject of subjects) await probe(subject.port, GREETING_PATH);
    const load = {
      path: GREETING_PATH,
      headers: GRPC_HEADERS,
      body: files.message,
      calls: Math.ceil(calls * RATIO),
    };
    const time = async (subject: { readonly port: number }) =>
      median(await timeCalls(subject.port, load, `${files.dir}/times`));
    await interleave(subjects, 1, time);
    const medians = await interleave(subjects, runs, time);
    const [direct = [], ...others] = medians;
    const added = others.map((times) =>
      median(times.map((it, run) => it - (direct[run] ?? Number.NaN))),
    );
    const line = (name: string, i: number, goal = "") => {
      const text = i === 0 ? "" : `${added[i - 1]?.toFixed(0)} µs`;
      return [name, `${median(medians[i] ?? [])} µs`, text, goal];
    };
    return formatTable(
      ["", "p50", "added to direct", "goal"],
      [
        line("nghttpd, direct", 0),
        line("wire", 1, "less than HAProxy"),
        line("HAProxy", 2),
      ],
    );
  },
};
