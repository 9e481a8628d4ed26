// How long a small gRPC call takes when there is but one at a time.

import { median } from "../../statistics.ts";
import { GRPC_HEADERS, timeCalls } from "../../support/h2load.ts";
import { interleave } from "../../support/interleave.ts";
import { formatTable } from "../../support/markdown-table.ts";
import { probeGreeter } from "../probe.ts";
import { startConnectNode, startGrpcJs, startService } from "../programs.ts";
import type { Row } from "./row.ts";

/** One call at a time needs fewer of them than 200 do. */
const RATIO = 0.025;

export const latency: Row = {
  name: "latency",
  title: "Unary gRPC, one call at a time",
  async measure({ runs, calls, files }) {
    await using portolan = await startService();
    await using connectNode = await startConnectNode("http2");
    await using grpcJs = await startGrpcJs();
    const subjects = [portolan, connectNode, grpcJs];
    for (const subject of subjects) await probeGreeter(subject);
    const count = Math.ceil(calls * RATIO);
    const load = { ...files.hello, headers: GRPC_HEADERS, calls: count };
    const time = async (subject: { readonly port: number }) =>
      median(await timeCalls(subject.port, load, `${files.dir}/times`));
    await interleave(subjects, 1, time);
    const medians = await interleave(subjects, runs, time);
    const goals = ["less than grpc-js"];
    return formatTable(
      ["", "p50", "least to most", "goal"],
      subjects.map(({ name }, i) => {
        const times = medians[i] ?? [];
        const range = `${Math.min(...times)} to ${Math.max(...times)}`;
        return [name, `${median(times)} µs`, range, goals[i] ?? ""];
      }),
    );
  },
};
