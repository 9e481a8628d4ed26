// A greeter of any make with the logging interceptor, and callers in each
// protocol.

import assert from "node:assert/strict";
import {
  type Client,
  type ConnectRouter,
  createClient,
  type ServiceImpl,
  type Transport,
} from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { GreeterService } from "../../../../gen/greeter/v1/greeter_pb.ts";
import { Health } from "../../../../gen/grpc/health/v1/health_pb.ts";
import { UserService } from "../../../../gen/user/v1/user_pb.ts";
import { createLoggingInterceptor } from "../../../../runtime/interceptors/logging.ts";
import { createTestLog, startServer, type TestLog } from "./support.ts";

type HttpVersion = "1.1" | "2";
type Greeter = Partial<ServiceImpl<typeof GreeterService>>;

/** What a random call id looks like. */
export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** One for each protocol and version of HTTP. */
export const callers: {
  protocol: string;
  httpVersion: HttpVersion;
  connect: (baseUrl: string) => Transport;
}[] = [
  {
    protocol: "connect",
    httpVersion: "1.1",
    connect: (baseUrl) =>
      createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  },
  {
    protocol: "connect",
    httpVersion: "2",
    connect: (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" }),
  },
  {
    protocol: "grpc",
    httpVersion: "2",
    connect: (baseUrl) => createGrpcTransport({ baseUrl }),
  },
  {
    protocol: "grpc-web",
    httpVersion: "1.1",
    connect: (baseUrl) =>
      createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  },
  {
    protocol: "grpc-web",
    httpVersion: "2",
    connect: (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "2" }),
  },
];

export interface Setup extends AsyncDisposable {
  readonly client: Client<typeof GreeterService>;
  readonly transport: Transport;
  readonly baseUrl: string;
  readonly log: TestLog;
}

/** Start the server and connect; the caller defaults to Connect. */
export async function setUp(
  greeter: Greeter,
  options: {
    caller?: (typeof callers)[number] | undefined;
    now?: () => number;
  } = {},
): Promise<Setup> {
  const { caller = callers[0], now } = options;
  assert.ok(caller);
  const log = createTestLog();
  const routes = (router: ConnectRouter) => {
    router.service(GreeterService, greeter);
    router.service(Health, { check: () => ({}) });
    router.service(UserService, { login: () => ({ token: "secret-token" }) });
  };
  const interceptors = [
    createLoggingInterceptor({ logger: log.logger, ...(now && { now }) }),
  ];
  const { httpVersion } = caller;
  const server = await startServer({ httpVersion, routes, interceptors });
  const { baseUrl } = server;
  const transport = caller.connect(baseUrl);
  const client = createClient(GreeterService, transport);
  const dispose = () => server[Symbol.asyncDispose]();
  return { client, transport, baseUrl, log, [Symbol.asyncDispose]: dispose };
}
