// What all programs under measurement have in common: they print their port,
// answer questions about themselves, and end with whoever started them.

import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { createInterface } from "node:readline";

/** What a program tells about itself. */
export interface Report {
  /** V8's two figures, `heapUsed` and `external`, added up. */
  readonly memoryBytes: number;
  /** Connections that are open. */
  readonly connections: number;
  /** How often sockets were written to; 0 if nobody counts. */
  readonly socketWrites: number;
}

/** A program under measurement. */
export interface Program {
  /** Where it listens; 0 if it is a client. */
  readonly port: number;
  /** Connections that are open. Defaults to none. */
  readonly connections?: () => number | Promise<number>;
  /** How often sockets were written to. Defaults to 0: nobody counts. */
  readonly socketWrites?: () => number;
  /** Of clients: make so many calls. Rejects if one is answered wrongly. */
  readonly makeCalls?: (count: number) => Promise<void>;
}

/**
 * Let a server listen on a free port of 127.0.0.1 and print it, as
 * announceProgram() does.
 */
export async function announce(
  server: Server,
  socketWrites?: () => number,
): Promise<void> {
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const connections = () => countConnections(server);
  await announceProgram({
    port,
    connections,
    ...(socketWrites && { socketWrites }),
  });
}

/**
 * Print the port: {"port":40123}. Each line on standard input is answered with
 * a report, "collect" after a forced collection (--expose-gc), and "calls 1000"
 * with how long so many calls took, in milliseconds: {"elapsedMs":12.3}. The
 * end of the input is the program's.
 */
export async function announceProgram(program: Program): Promise<void> {
  print({ port: program.port });
  // A profiler writes what it has when a process exits, not when it is killed.
  process.once("SIGTERM", () => process.exit());
  for await (const line of createInterface({ input: process.stdin })) {
    const [order, count] = line.split(" ");
    if (order === "calls") {
      const startedAt = performance.now();
      await program.makeCalls?.(Number(count));
      print({ elapsedMs: performance.now() - startedAt });
      continue;
    }
    if (order === "collect") await collect();
    print(await report(program));
  }
  process.exit();
}

async function collect(): Promise<void> {
  // Twice, with a turn of the event loop between them: what the first one
  // finalizes the second one frees.
  globalThis.gc?.();
  await new Promise(setImmediate);
  globalThis.gc?.();
}

async function report(program: Program): Promise<Report> {
  const { heapUsed, external } = process.memoryUsage();
  return {
    memoryBytes: heapUsed + external,
    connections: (await program.connections?.()) ?? 0,
    socketWrites: program.socketWrites?.() ?? 0,
  };
}

function countConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}

function print(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
