// What the tests of registries share.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  type AddressInfo,
  connect,
  createServer,
  type Server,
  type Socket,
} from "node:net";
import {
  createInstance,
  type Instance,
  parseAddress,
  State,
} from "../../../../core/index.ts";
import type {
  Directory,
  Snapshot,
  Topic,
} from "../../../../mesh/registry/index.ts";

/**
 * An instance that serves greeter.v1.GreeterService, unless told otherwise.
 */
export function instance(
  fields: Parameters<typeof createInstance>[0] = {},
): Instance {
  return createInstance({
    id: randomUUID(),
    name: "greeter",
    address: "127.0.0.1:8881",
    services: ["greeter.v1.GreeterService"],
    state: State.SERVING,
    ...fields,
  });
}

/**
 * Resolves with the first snapshot, from now on, that is as asked for.
 */
export function until(
  directory: Directory,
  asked: (snapshot: Snapshot) => boolean,
): Promise<Snapshot> {
  const { promise, resolve } = Promise.withResolvers<Snapshot>();
  const unsubscribe = directory.subscribe((snapshot) => {
    if (asked(snapshot)) resolve(snapshot);
  });
  return promise.finally(unsubscribe);
}

/** The ids in a snapshot. */
export function ids(snapshot: Snapshot): string[] {
  return snapshot.instances.map(({ id }) => id);
}

/**
 * Collect the messages of a topic until disposed.
 */
export function collect<T>(topic: Topic<T>): Disposable & {
  readonly messages: readonly T[];
  /** Resolves with the first message, past or future, that is as asked for. */
  first(asked: (message: T) => boolean): Promise<T>;
} {
  const messages: T[] = [];
  let check = () => {};
  const end = topic.subscribe((message) => {
    messages.push(message);
    check();
  });
  return {
    messages,
    first: (asked) =>
      new Promise((resolve) => {
        check = () => {
          const found = messages.find(asked);
          if (found !== undefined) resolve(found);
        };
        check();
      }),
    [Symbol.dispose]: end,
  };
}

/**
 * A network between us and a server, that can be cut.
 */
export interface Network extends AsyncDisposable {
  /** "127.0.0.1:port" to connect to. */
  readonly address: string;
  /** Break all connections and refuse new ones. */
  cut(): Promise<void>;
  /** Let connections through again. */
  restore(): Promise<void>;
}

/**
 * Create a network in front of a server at "host:port".
 */
export async function createNetwork(target: string): Promise<Network> {
  const to = parseAddress(target);
  if (to instanceof Error) throw to;
  const sockets = new Set<Socket>();
  const server: Server = createServer((near) => {
    const far = connect(to.port, to.host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  async function listen(port: number): Promise<number> {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }
  async function cut(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }
  const port = await listen(0);
  return {
    address: `127.0.0.1:${port}`,
    cut,
    restore: async () => void (await listen(port)),
    [Symbol.asyncDispose]: cut,
  };
}

/**
 * Listen where etcd should be, break each connection, and run `use` with the
 * address. It gets a function that resolves once `count` connections came.
 */
export async function withoutEtcd(
  use: (address: string, tries: (count: number) => Promise<void>) => unknown,
): Promise<void> {
  let count = 0;
  let check = () => {};
  const server = createServer((socket) => {
    count++;
    socket.destroy();
    check();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    await use(`127.0.0.1:${port}`, (wanted) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      check = () => void (count >= wanted && resolve());
      check();
      return promise;
    });
  } finally {
    server.close();
  }
}
