// How a peer reaches an engine: through memory, or through a real socket.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type Farewell, MemorySocket } from "./memory-socket.ts";

/** A way to an engine. */
export interface Link {
  /** The engine's end. */
  readonly socket: Duplex;
  deliver(bytes: Buffer): void;
  /** Whether the peer reads. */
  setReading(isReading: boolean): void;
  leave(farewell: Farewell): void;
}

/** A way through memory. */
export function linkInMemory(onBytes: (bytes: Buffer) => void): Link {
  const socket = new MemorySocket(onBytes);
  return {
    socket,
    deliver: (bytes) => socket.deliver(bytes),
    setReading: (isReading) => socket.setReading(isReading),
    leave: (farewell) => socket.leave(farewell),
  };
}

/** Makes real connections. Dispose of it when all of them have ended. */
export interface Wires extends AsyncDisposable {
  link(onBytes: (bytes: Buffer) => void): Promise<Link>;
}

/** Begin to make real connections on loopback. */
export async function createWires(): Promise<Wires> {
  const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    async link(onBytes) {
      const accepted = once(server, "connection") as Promise<[Socket]>;
      const peer = connect({ port, host: "127.0.0.1", noDelay: true });
      const [socket] = await accepted;
      peer.on("data", onBytes);
      peer.on("error", () => {}); // the engine may hang up at any time
      return {
        socket,
        deliver: (bytes) => void (peer.writable && peer.write(bytes)),
        setReading: (isReading) => {
          if (isReading) peer.resume();
          else peer.pause();
        },
        leave(farewell) {
          peer.resume();
          if (farewell === "end") peer.end();
          else if (farewell === "destroy") peer.destroy();
          else peer.resetAndDestroy();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}
