// Something that is measured: a process that listens on a port, one of our
// programs or a peer.

import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "../../test/support/ports.ts";
import type { Report } from "./announce.ts";
import { type Child, startChild } from "./child.ts";

/** A server or a relay that runs. Disposing of it ends it. */
export interface Subject extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** On 127.0.0.1. */
  readonly port: number;
  /** Rejects with what it complained of as soon as it ends; never resolves. */
  readonly ended: Promise<never>;
  /** Ask it about itself. Peers don't answer that. */
  readonly report?: () => Promise<Report>;
}

/** A program of ours, which can be asked about itself. */
export interface OwnSubject extends Subject {
  readonly report: () => Promise<Report>;
  /** Make it collect its garbage first. */
  readonly collect: () => Promise<Report>;
  /** Let a client make so many calls. Resolves with how long it took, in ms. */
  readonly makeCalls: (count: number) => Promise<number>;
}

/** How long a peer may take to listen. */
const START_MS = 10_000;

/** How long the connections of a load may take to come or to go. */
const SETTLE_MS = 30_000;

/** Wait until a program of ours has that many connections. */
export async function untilConnections(
  subject: OwnSubject,
  count: number,
): Promise<void> {
  const endsAt = performance.now() + SETTLE_MS;
  for (;;) {
    const { connections } = await subject.report();
    if (connections === count) return;
    if (performance.now() > endsAt)
      throw new Error(`${subject.name} has ${connections}, not ${count}`);
    await sleep(20);
  }
}

/** Start one of the programs, `file` in bench/; `flags` are for Node. */
export async function startProgram(
  name: string,
  file: string,
  args: readonly (string | number)[] = [],
  flags: readonly string[] = [],
): Promise<OwnSubject> {
  const child = await startChild({
    command: process.execPath,
    args: [
      "--expose-gc",
      ...flags,
      ...profilerFlags(),
      `${import.meta.dirname}/../${file}`,
      ...args.map(String),
    ],
  });
  const { port } = JSON.parse(await child.readLine()) as { port: number };
  const ask = async <Answer = Report>(question: string): Promise<Answer> => {
    child.writeLine(question);
    return JSON.parse(await child.readLine()) as Answer;
  };
  return {
    ...watched(name, child, port),
    report: () => ask("report"),
    collect: () => ask("collect"),
    async makeCalls(count) {
      const { elapsedMs } = await ask<{ elapsedMs: number }>(`calls ${count}`);
      return elapsedMs;
    },
  };
}

/**
 * Where profiles of our programs go if BENCH_PROFILE names a folder. What they
 * cost counts: figures of such a run are not to be kept.
 */
function profilerFlags(): string[] {
  // biome-ignore lint/style/noProcessEnv: for whoever looks for what is slow
  const dir = process.env["BENCH_PROFILE"];
  return dir === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", dir];
}

/** Start a peer that listens on the port it is given. */
export async function startPeer(
  name: string,
  start: (port: number) => Promise<Child>,
): Promise<Subject> {
  const [port = 0] = await freePorts(1);
  const child = await start(port);
  try {
    await Promise.race([untilItListens(name, port), child.ended]);
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
  return watched(name, child, port);
}

function watched(name: string, child: Child, port: number): Subject {
  const { pid, ended } = child;
  const end = () => child[Symbol.asyncDispose]();
  return { name, pid, port, ended, [Symbol.asyncDispose]: end };
}

async function untilItListens(name: string, port: number): Promise<void> {
  const endsAt = performance.now() + START_MS;
  while (!(await isListening(port))) {
    if (performance.now() > endsAt) throw new Error(`${name} doesn't listen`);
    await sleep(20);
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: "127.0.0.1" });
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}
