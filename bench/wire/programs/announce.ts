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

/**
 * Listen on a free port of 127.0.0.1 and print it: {"port":40123}. Each line
 * on standard input is answered with a report, "collect" after a forced
 * collection (--expose-gc). The end of the input is the program's.
 */
export async function announce(
  server: Server,
  socketWrites: () => number = () => 0,
): Promise<void> {
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  print({ port });
  // A profiler writes what it has when a process exits, not when it is killed.
  process.once("SIGTERM", () => process.exit());
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "collect") await collect();
    print(await report(server, socketWrites()));
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

async function report(server: Server, socketWrites: number): Promise<Report> {
  const { heapUsed, external } = process.memoryUsage();
  return {
    memoryBytes: heapUsed + external,
    connections: await countConnections(server),
    socketWrites,
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
