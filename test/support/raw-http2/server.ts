// A raw HTTP/2 server: accepts connections of a client under test, and answers
// with whatever the test sends.

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { headers, PREFACE, settings } from "./frames.ts";
import { encodeFields, type Field } from "./hpack.ts";
import { type PeerOptions, RawPeer } from "./peer.ts";

/** The server's side of a connection. */
export class RawServerPeer extends RawPeer {
  /** The first bytes that came in; PREFACE if the client is right. */
  preface: Buffer = Buffer.alloc(0);

  override receive(chunk: Buffer): void {
    const missing = PREFACE.length - this.preface.length;
    if (missing > 0) {
      this.preface = Buffer.concat([this.preface, chunk.subarray(0, missing)]);
    }
    super.receive(chunk.subarray(missing));
  }

  /** Send a response; empty and complete by default. */
  respond(
    streamId: number,
    status: number,
    options: { fields?: readonly Field[]; endStream?: boolean } = {},
  ): void {
    const { fields = [], endStream = true } = options;
    const block = encodeFields([[":status", String(status)], ...fields]);
    this.send(headers(streamId, block, { endStream }));
  }
}

/** How to begin. */
export interface RawServerOptions extends PeerOptions {
  /** What goes out first on each connection. Defaults to empty SETTINGS. */
  readonly first?: Uint8Array;
}

/** Listens on a port of the loopback address. */
export interface RawServer extends AsyncDisposable {
  readonly port: number;
  /** The next connection that nobody took yet, or that comes. */
  accept(): Promise<RawServerPeer>;
}

/** Listen; disposing of it cuts all its connections off. */
export async function listenRaw(
  options: RawServerOptions = {},
): Promise<RawServer> {
  const peers: RawServerPeer[] = [];
  const untaken: RawServerPeer[] = [];
  const server = createServer({ noDelay: true }, (socket: Socket) => {
    const peer = new RawServerPeer(socket, options);
    peer.send(options.first ?? settings());
    peers.push(peer);
    untaken.push(peer);
    server.emit("accepted");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async accept() {
      for (;;) {
        const peer = untaken.shift();
        if (peer !== undefined) return peer;
        const signal = AbortSignal.timeout(10_000);
        await once(server, "accepted", { signal });
      }
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const peer of peers) peer.socket.destroy();
      await closed;
    },
  };
}
