// A raw HTTP/2 client: a plain or TLS socket, the preface, SETTINGS, and then
// whatever the test sends.

import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { headers, PREFACE, settings } from "./frames.ts";
import { type RequestParts, requestBlock } from "./hpack.ts";
import { type PeerOptions, RawPeer } from "./peer.ts";

/** Where to, and how to begin. */
export interface RawClientOptions extends PeerOptions {
  readonly port: number;
  /** Connect from this loopback address. */
  readonly localAddress?: string;
  /** Over TLS; ALPN is the test's to name. */
  readonly tls?: ConnectionOptions;
  /** What goes out first. Defaults to the preface and empty SETTINGS. */
  readonly first?: Uint8Array;
}

/** The client's side of a connection. */
export class RawClient extends RawPeer {
  /** Send a request on a stream; a GET of "/ok" without a body by default. */
  request(
    streamId: number,
    parts: RequestParts = {},
    options: { readonly endStream?: boolean } = {},
  ): void {
    const endStream = options.endStream ?? true;
    this.send(headers(streamId, requestBlock(parts), { endStream }));
  }
}

/** What a client begins with: preface and SETTINGS. */
export function greeting(
  ...pairs: readonly (readonly [id: number, value: number])[]
): Buffer {
  return Buffer.concat([PREFACE, settings(...pairs)]);
}

/** Connect and send the first bytes. */
export async function connectRaw(
  options: RawClientOptions,
): Promise<RawClient> {
  const socket = await open(options);
  const client = new RawClient(socket, options);
  client.send(options.first ?? greeting());
  return client;
}

async function open(options: RawClientOptions): Promise<Socket> {
  const { port, localAddress = "127.0.0.1", tls } = options;
  const host = "127.0.0.1";
  if (tls !== undefined) {
    const socket = connectTls({ port, host, ...tls });
    await once(socket, "secureConnect");
    return socket;
  }
  const socket = connectTcp({ port, host, localAddress, noDelay: true });
  await once(socket, "connect");
  return socket;
}
