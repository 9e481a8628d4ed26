// A gateway between an instance and its callers, all in the test's process.
// Both ends speak `wire` themselves, so that a test decides each step of a call
// and sees what it looks like on the other side.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createInstance, type Instance, State } from "../../../core/index.ts";
import { createGateway, type GatewayStats } from "../../../gateway/index.ts";
import { createSnapshotFeed } from "../../../mesh/registry/index.ts";
import { createLogger } from "../../../runtime/index.ts";
import {
  type ClientConnection,
  type Connection,
  createClientConnection,
  createHeaderBlock,
  createServerConnection,
  createStats,
  type HeaderBlock,
  type HeaderField,
  internalLimits,
  type Limits,
  resolveLimits,
  type WireStats,
} from "../../../wire/index.ts";
import { Recorder } from "./recorder.ts";

/** What the instance serves. */
export const SERVICE = "test.v1.TestService";

/** The instance's end. */
export interface InstanceEnd {
  /** The connections that the gateway has opened, in order. */
  readonly connections: readonly Connection[];
  /** What all of them have seen. */
  readonly stats: WireStats;
  /** The calls that came, in order. */
  readonly calls: readonly Recorder[];
  /** Resolves with the call of that number, from 0, once it is there. */
  call(number: number): Promise<Recorder>;
  /** Resolves when the instance has read all that was sent to it before. */
  settled(): Promise<void>;
  /** Break all connections, without a word. */
  cut(): void;
  /** Resolves when so many connections have ended. */
  closed(connections: number): Promise<void>;
  /** Tell the gateway that there is no such instance any more. */
  leave(): void;
}

/** The gateway, and both ends. */
export interface Scene extends AsyncDisposable {
  /** "http://host:port" */
  readonly url: string;
  readonly instance: InstanceEnd;
  /** Lines of the gateway's log. */
  readonly log: readonly string[];
  /** The gateway's counters. */
  readonly stats: GatewayStats;
  /** Send a request; without a body if `endStream`. */
  request(
    headers: HeaderBlock,
    endStream?: boolean,
    consumes?: boolean,
  ): Recorder;
  /** Resolves when the gateway has read all that was sent before. */
  settled(): Promise<void>;
}

/** What may differ. */
export interface SceneOptions {
  readonly instanceLimits?: Partial<Limits>;
  readonly callerLimits?: Partial<Limits>;
  readonly corsOrigins?: readonly string[];
}

/** Start everything. */
export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  await using starting = new AsyncDisposableStack();
  const feed = createSnapshotFeed();
  const instance = await startInstance(options.instanceLimits, starting);
  feed.synced([instance.record]);
  const log: string[] = [];
  const logger = createLogger("test", { write: (line) => log.push(line) });
  const gateway = starting.use(
    createGateway({
      directory: {
        get snapshot() {
          return feed.snapshot;
        },
        subscribe: feed.subscribe,
        close: async () => {},
        [Symbol.asyncDispose]: async () => {},
      },
      logger,
      corsOrigins: options.corsOrigins ?? [],
    }),
  );
  const { host, port } = await gateway.listen({ host: "127.0.0.1", port: 0 });
  const socket = connect({ host, port, noDelay: true });
  const caller = createClientConnection(socket, {
    limits: resolveLimits(internalLimits, options.callerLimits),
  });
  starting.defer(() => end(caller, socket));
  const started = starting.move();
  return {
    url: `http://${host}:${port}`,
    instance: { ...instance.end, leave: () => feed.synced([]) },
    log,
    stats: gateway.stats,
    request(headers, endStream = false, consumes = true) {
      const recorder = new Recorder(headers, consumes);
      recorder.sent(caller.request(headers, endStream, recorder));
      return recorder;
    },
    settled: () => pong(caller),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Resolves when the peer has read, and we too, what was sent before. */
export function pong(connection: Connection): Promise<void> {
  return new Promise((resolve) => connection.ping(() => resolve()));
}

async function end(caller: ClientConnection, socket: Socket): Promise<void> {
  caller.close();
  if (!socket.closed) await once(socket.destroy(), "close");
}

async function startInstance(
  limits: Partial<Limits> | undefined,
  up: AsyncDisposableStack,
): Promise<{ record: Instance; end: Omit<InstanceEnd, "leave"> }> {
  const connections: Connection[] = [];
  const calls: Recorder[] = [];
  const stats = createStats();
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  let closed = 0;
  const changed = () => {
    for (const check of [...waiting]) check();
  };
  const until = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const check = () => {
        const found = find();
        if (found === undefined) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
    });
  const server = createServer((socket) => {
    sockets.add(socket);
    const connection = createServerConnection(socket, {
      limits: resolveLimits(internalLimits, limits),
      stats,
      onRequest(stream, headers, endStream) {
        const call = new Recorder(headers);
        call.ended = endStream;
        stream.handler = call;
        call.sent(stream);
        calls.push(call);
        changed();
      },
      onClose() {
        closed++;
        changed();
      },
    });
    connections.push(connection);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  up.defer(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    record: createInstance({
      id: "one",
      name: "test",
      address: `127.0.0.1:${port}`,
      services: [SERVICE],
      state: State.SERVING,
    }),
    end: {
      connections,
      stats,
      calls,
      async settled() {
        for (const connection of connections) await pong(connection);
      },
      cut() {
        for (const socket of sockets) socket.destroy();
      },
      call: (number) => until(() => calls[number]),
      closed: (count) =>
        until(() => (closed >= count ? true : undefined)).then(),
    },
  };
}

/** The header block of a call. */
export function requestFor(
  type: string,
  more: Iterable<readonly [string, string] | HeaderField> = [],
  method = "POST",
): HeaderBlock {
  return createHeaderBlock([
    [":method", method],
    [":scheme", "http"],
    [":authority", "gateway.test"],
    [":path", `/${SERVICE}/Call`],
    ["content-type", type],
    ...more,
  ]);
}

/** The header block of a response. */
export function responseOf(
  status: number,
  type: string,
  more: Iterable<readonly [string, string] | HeaderField> = [],
): HeaderBlock {
  return createHeaderBlock([
    [":status", String(status)],
    ["content-type", type],
    ...more,
  ]);
}
