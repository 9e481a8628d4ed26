// Runs h2load, of nghttp2, and takes nothing for an answer but success.

import { readFile, rm } from "node:fs/promises";
import { startChild } from "./child.ts";

/** What h2load is to do. */
export interface H2load {
  readonly path: string;
  readonly calls: number;
  readonly connections: number;
  /** Calls under way at once on each connection. */
  readonly streams: number;
  /** Each "name: value". */
  readonly headers: readonly string[];
  /** A file that each call sends. */
  readonly body?: string;
  /** HTTP/1.1; `streams` is then how many requests are pipelined. */
  readonly http1?: boolean;
  /** How long the body of each answer has to be. Defaults to any length. */
  readonly answerBytes?: number;
  /** Where it writes how long each call took. */
  readonly logFile?: string;
}

/** What every gRPC call sends. */
export const GRPC_HEADERS = ["content-type: application/grpc", "te: trailers"];

/** Make calls. Resolves with how long they took, in milliseconds. */
export async function h2load(port: number, load: H2load): Promise<number> {
  const { calls, streams } = load;
  const connections = Math.min(load.connections, calls);
  await using child = await startChild({
    command: "h2load",
    args: [
      // It would wait for ever for an answer that doesn't come.
      ...[
        "-N",
        "10s",
        "-t",
        "1",
        "-n",
        String(calls),
        "-c",
        String(connections),
      ],
      ...["-m", String(streams), ...load.headers.flatMap((it) => ["-H", it])],
      ...(load.body === undefined ? [] : ["-d", load.body]),
      ...(load.http1 === true ? ["--h1"] : []),
      ...(load.logFile === undefined ? [] : [`--log-file=${load.logFile}`]),
      `http://127.0.0.1:${port}${load.path}`,
    ],
  });
  const { code, output, complaints } = await child.finished;
  const succeeded = ` ${calls} done, ${calls} succeeded, 0 failed, 0 errored, 0 timeout`;
  const good = `status codes: ${calls} 2xx,`;
  if (code !== 0 || !output.includes(succeeded) || !output.includes(good)) {
    throw new Error(`h2load, exit code ${code}:\n${output}${complaints}`);
  }
  const { answerBytes } = load;
  const bytes = parseBodyBytes(output);
  if (answerBytes !== undefined && bytes !== answerBytes * calls) {
    throw new Error(`${bytes} bytes, not ${answerBytes} for each call`);
  }
  return parseElapsedMs(output);
}

/**
 * Make calls one after the other on one connection. Resolves with how long each
 * took, in microseconds.
 */
export async function timeCalls(
  port: number,
  load: Omit<H2load, "connections" | "streams" | "logFile">,
  logFile: string,
): Promise<number[]> {
  await rm(logFile, { force: true }); // it would append
  await h2load(port, { ...load, connections: 1, streams: 1, logFile });
  const lines = (await readFile(logFile, "utf8")).trim().split("\n");
  return lines.map((line) => Number(line.split("\t")[2]));
}

/** Of all answers. */
function parseBodyBytes(output: string): number {
  const [, bytes] = /\((\d+)\) data$/m.exec(output) ?? [];
  return Number(bytes);
}

function parseElapsedMs(output: string): number {
  const [, number, unit] = /finished in ([\d.]+)(us|ms|s),/.exec(output) ?? [];
  const factor = { us: 1e-3, ms: 1, s: 1_000 }[unit ?? ""];
  if (factor === undefined) throw new Error(`no time in:\n${output}`);
  return Number(number) * factor;
}
