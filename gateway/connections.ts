// One HTTP/2 connection to each instance, shared by all calls to it.

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { Snapshot } from "../mesh/registry/index.ts";

/** How long a connection may take to open, in milliseconds. Envoy's default. */
const CONNECT_TIMEOUT_MS = 5_000;

// The same reasons as for the listener: many callers share the connection.
const STREAM_WINDOW_BYTES = 1 << 20;
const CONNECTION_WINDOW_BYTES = 16 << 20;
const MAX_SESSION_MEMORY_MB = 1_000;

/**
 * The gateway's connections.
 */
export interface Connections {
  /**
   * Open a stream to "host:port". Connects first if need be; a failure shows
   * as the stream's "error" and "close".
   */
  request(
    address: string,
    headers: OutgoingHttpHeaders,
    endStream: boolean,
  ): ClientHttp2Stream;

  /** Let go of connections to instances that left, when their calls ended. */
  update(snapshot: Snapshot): void;

  /** Let go of all connections, when their calls ended. */
  close(): void;
}

/**
 * Create an empty set of connections.
 */
export function createConnections(): Connections {
  const sessions = new Map<string, ClientHttp2Session>();

  function open(address: string): ClientHttp2Session {
    const session = connect(`http://${address}`, {
      maxSessionMemory: MAX_SESSION_MEMORY_MB,
      settings: { initialWindowSize: STREAM_WINDOW_BYTES, enablePush: false },
    });
    const forget = () => {
      clearTimeout(timeout);
      if (sessions.get(address) === session) sessions.delete(address);
    };
    const timeout = setTimeout(() => {
      const seconds = CONNECT_TIMEOUT_MS / 1000;
      session.destroy(new Error(`no connection within ${seconds} s`));
    }, CONNECT_TIMEOUT_MS);
    session.once("connect", () => {
      clearTimeout(timeout);
      session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    });
    session.once("goaway", forget);
    session.once("close", forget);
    // The streams tell; without a listener the process would end.
    session.on("error", forget);
    sessions.set(address, session);
    return session;
  }

  return {
    request(address, headers, endStream) {
      const known = sessions.get(address);
      const usable = known && !known.closed && !known.destroyed;
      const session = usable ? known : open(address);
      return session.request(headers, { endStream });
    },
    update({ instances }) {
      const addresses = new Set(instances.map(({ address }) => address));
      for (const [address, session] of sessions)
        if (!addresses.has(address)) session.close();
    },
    close() {
      for (const session of sessions.values()) session.close();
    },
  };
}
