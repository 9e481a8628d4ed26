// A TCP proxy that passes bytes on in pieces of random sizes, so that frames
// are cut anywhere.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { Random } from "../../support/random.ts";

/** A proxy for one connection. */
export interface Chopper extends AsyncDisposable {
  readonly port: number;
}

/** Start one before a port of the loopback address. */
export async function startChopper(
  port: number,
  random: Random,
): Promise<Chopper> {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    sockets.push(near, far);
    pass(near, far, random).catch(() => far.destroy());
    pass(far, near, random).catch(() => near.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Rejects when either socket breaks. */
async function pass(from: Socket, to: Socket, random: Random): Promise<void> {
  from.setNoDelay();
  for await (const chunk of from as AsyncIterable<Buffer>) {
    // Tiny pieces of large chunks would take for ever.
    const most = random.pick([1 + chunk.length / 50, 40, 3_000, chunk.length]);
    const least = chunk.length / 200;
    for (let at = 0; at < chunk.length; ) {
      const length = 1 + Math.floor(Math.max(least, random.below(most)));
      to.write(chunk.subarray(at, at + length));
      at += length;
      await setImmediate();
    }
    if (to.writableNeedDrain) await once(to, "drain");
  }
  to.end();
}
