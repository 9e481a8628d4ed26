// Free ports for programs that can't be told "port 0", or that have to come
// back on the port they had.
//
// Between finding a port and the program's bind somebody else could take it.
// So the ports come from below the range that the system hands out by itself
// (32768 and up on Linux), in blocks. A test process owns a block as long as it
// listens on the block's first port; it takes another when one is used up, and
// never gives out a port twice.

import { once } from "node:events";
import { createServer, type Server } from "node:net";

const FIRST_PORT = 20_000;
const BLOCKS = 600;
const PORTS_PER_BLOCK = 20;

const ports = portsOfOurOwn();

/**
 * Find free TCP ports on the loopback address. They are free even while nobody
 * listens on them: no other call, in no test process, gets the same. Rejects if
 * all 11,400 are taken.
 */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const { value } = await ports.next();
    if (value === undefined) throw new Error("no port is free any more");
    found.push(value);
  }
  return found;
}

async function* portsOfOurOwn(): AsyncGenerator<number, undefined> {
  for (let i = 0; i < BLOCKS; i++) {
    // Begin at different blocks: the first try is nearly always good.
    const block = (process.pid + i) % BLOCKS;
    const first = FIRST_PORT + block * PORTS_PER_BLOCK;
    const claim = await listen(first);
    if (claim === undefined) continue;
    claim.unref();
    for (let port = first + 1; port < first + PORTS_PER_BLOCK; port++) {
      if (await isFree(port)) yield port;
    }
  }
  return undefined;
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server === undefined) return false;
  server.close();
  await once(server, "close");
  return true;
}

/** A server on that port, or undefined if it is taken. */
async function listen(port: number): Promise<Server | undefined> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch {
    return undefined;
  }
  return server;
}
