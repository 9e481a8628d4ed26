// The two sides that are compared: our server, and Connect's own handlers as
// its package for Node serves them. Both are given the same behaviour.

import { once } from "node:events";
import { createServer as createHttp1Server } from "node:http";
import {
  createServer as createHttp2Server,
  type ServerHttp2Session,
} from "node:http2";
import type { AddressInfo } from "node:net";
import type {
  ConnectRouter,
  ConnectRouterOptions,
  Interceptor,
  ServiceImpl,
} from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { GreeterService } from "../../../gen/greeter/v1/greeter_pb.ts";
import { SayService } from "../../../gen/say/v1/say_pb.ts";
import { createServiceServer } from "../../../runtime/index.ts";
import { connectHttp1 } from "./http1-line.ts";
import { connectHttp2 } from "./http2-line.ts";
import type { Notes } from "./notes.ts";
import type { Line } from "./request.ts";

/** Where the methods are. */
export const PATHS = {
  hello: "/greeter.v1.GreeterService/Hello",
  countdown: "/greeter.v1.GreeterService/Countdown",
  helloAll: "/greeter.v1.GreeterService/HelloAll",
  chat: "/greeter.v1.GreeterService/Chat",
  say: "/say.v1.SayService/Hello",
} as const;

/** A greeter, of which a case needs some methods. */
export type Greeter = Partial<ServiceImpl<typeof GreeterService>>;

/** What a server does. */
export interface Behaviour {
  /** Defaults to greeting everybody. */
  readonly greeter?: Greeter;
  /** Defaults to none of its methods. */
  readonly say?: Partial<ServiceImpl<typeof SayService>>;
  readonly more?: (router: ConnectRouter) => void;
  readonly interceptors?: readonly Interceptor[];
  readonly readMaxBytes?: number;
  readonly writeMaxBytes?: number;
  readonly requestGate?: NonNullable<ConnectRouterOptions["requestGate"]>;
  readonly jsonOptions?: NonNullable<ConnectRouterOptions["jsonOptions"]>;
  /** Of the greeter alone; they count more than those of the server. */
  readonly greeterOptions?: ConnectRouterOptions;
}

/** Says how a server is to behave, and what it is to take note of. */
export type Behave = (notes: Notes) => Behaviour;

/** A server that listens. */
export interface Side extends AsyncDisposable {
  connect(http: 1 | 2): Promise<Line>;
}

/** Start one of them. */
export type Start = (behaviour: Behaviour) => Promise<Side>;

const READ_MAX_BYTES = 4 << 20;
const HOST = "127.0.0.1";

/** Start our server. */
export const startOurs: Start = async (behaviour) => {
  const { greeter, say, more, greeterOptions, ...options } = behaviour;
  const server = createServiceServer({
    routes: routesOf(behaviour),
    ...options,
  });
  const { port } = await server.listen({ host: HOST, port: 0 });
  return {
    connect: (http) => (http === 2 ? connectHttp2(port) : connectHttp1(port)),
    [Symbol.asyncDispose]: () => server.close(),
  };
};

/** Start Connect's, with the options that ours has by default. */
export const startConnects: Start = async (behaviour) => {
  const { greeter, say, more, greeterOptions, ...options } = behaviour;
  const handler = connectNodeAdapter({
    routes: routesOf(behaviour),
    readMaxBytes: READ_MAX_BYTES,
    ...options,
    interceptors: [...(options.interceptors ?? [])],
  });
  const http1 = createHttp1Server({ keepAliveTimeout: 65_000 }, handler);
  http1.listen(0, HOST);
  const http2 = createHttp2Server(handler).listen(0, HOST);
  await Promise.all([once(http1, "listening"), once(http2, "listening")]);
  // A session with a request that nobody reads never ends by itself.
  const sessions: ServerHttp2Session[] = [];
  http2.on("session", (session) => sessions.push(session));
  const portOf = (server: { address(): unknown }) =>
    (server.address() as AddressInfo).port;
  return {
    connect: (http) =>
      http === 2 ? connectHttp2(portOf(http2)) : connectHttp1(portOf(http1)),
    async [Symbol.asyncDispose]() {
      const closed = [once(http1, "close"), once(http2, "close")];
      http1.close();
      http1.closeAllConnections();
      http2.close();
      for (const session of sessions) session.destroy();
      await Promise.all(closed);
    },
  };
};

function routesOf({ greeter, say, more, greeterOptions }: Behaviour) {
  return (router: ConnectRouter): void => {
    router.service(GreeterService, { ...POLITE, ...greeter }, greeterOptions);
    router.service(SayService, say ?? {});
    more?.(router);
  };
}

const POLITE: Greeter = {
  hello: ({ name }) => ({ greeting: `Hello ${name}` }),
};
