// Free ports for programs that can't be told "port 0".
//
// Between finding a port and the program's bind somebody else could take it.
// So the ports come from below the range that the system hands out by itself
// (32768 and up on Linux), ten to each test process, chosen by its pid.

import { once } from "node:events";
import { createServer } from "node:net";

const FIRST_PORT = 20_000;
const PROCESSES = 1_200;
const PORTS_PER_PROCESS = 10;

let used = 0;

/**
 * Find free TCP ports on the loopback address.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port =
      FIRST_PORT +
      (process.pid % PROCESSES) * PORTS_PER_PROCESS +
      (used++ % PORTS_PER_PROCESS);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch {
    return false; // taken: the caller tries the next
  }
  server.close();
  await once(server, "close");
  return true;
}
