// Every client a caller may come with, behind one API: grpc-js, and Connect's
// own in each protocol over each HTTP version that carries it.

import { type Client, createClient, type Transport } from "@connectrpc/connect";
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { GreeterService } from "../../gen/greeter/v1/greeter_pb.ts";
import { createGrpcJsTransport } from "./grpc-js-transport.ts";

/** A client of the greeter's contract. */
export interface Greeter extends Client<typeof GreeterService>, Disposable {}

/** How to reach it. */
export interface ConnectOptions {
  /** "host:port" */
  readonly address: string;
  /** Compress what is sent, ask for compressed answers. Defaults to false. */
  readonly gzip?: boolean;
}

/** A kind of client. */
export interface ClientKind {
  /** "gRPC-Web over HTTP/1.1", for the names of tests. */
  readonly name: string;
  /** Can send and receive at once. */
  readonly duplex: boolean;
  connect(options: ConnectOptions): Greeter;
}

/** All kinds. */
export const clientKinds: readonly ClientKind[] = [
  {
    name: "grpc-js",
    duplex: true,
    connect({ address, gzip }) {
      const transport = createGrpcJsTransport(address, gzip);
      return greeter(transport, () => transport[Symbol.dispose]());
    },
  },
  overHttp2("gRPC", (options) => createGrpcTransport(options)),
  overHttp2("gRPC-Web", (options) =>
    createGrpcWebTransport({ ...options, httpVersion: "2" }),
  ),
  overHttp1("gRPC-Web", (options) =>
    createGrpcWebTransport({ ...options, httpVersion: "1.1" }),
  ),
  overHttp2("Connect with JSON", (options) =>
    createConnectTransport({
      ...{ ...options, useBinaryFormat: false },
      httpVersion: "2",
    }),
  ),
  overHttp2("Connect", (options) =>
    createConnectTransport({ ...options, httpVersion: "2" }),
  ),
  overHttp1("Connect with JSON", (options) =>
    createConnectTransport({
      ...{ ...options, useBinaryFormat: false },
      httpVersion: "1.1",
    }),
  ),
  overHttp1("Connect", (options) =>
    createConnectTransport({ ...options, httpVersion: "1.1" }),
  ),
];

/** One for each protocol and version: messages in binary only. */
export const binaryClientKinds = clientKinds.filter(
  ({ name }) => !name.includes("JSON"),
);

interface CommonOptions {
  readonly baseUrl: string;
  readonly useBinaryFormat: true;
  readonly acceptCompression: (typeof compressionGzip)[];
  readonly sendCompression?: typeof compressionGzip;
}

function overHttp1(
  protocol: string,
  create: (options: CommonOptions) => Transport,
): ClientKind {
  return {
    name: `${protocol} over HTTP/1.1`,
    duplex: false,
    connect: (options) => greeter(create(commonOptions(options)), () => {}),
  };
}

function overHttp2(
  protocol: string,
  create: (
    options: CommonOptions & { sessionManager: Http2SessionManager },
  ) => Transport,
): ClientKind {
  return {
    name: `${protocol} over HTTP/2`,
    duplex: true,
    connect(options) {
      const common = commonOptions(options);
      const sessionManager = new Http2SessionManager(common.baseUrl);
      const transport = create({ ...common, sessionManager });
      return greeter(transport, () => sessionManager.abort());
    },
  };
}

function commonOptions({ address, gzip }: ConnectOptions): CommonOptions {
  return {
    baseUrl: `http://${address}`,
    useBinaryFormat: true,
    acceptCompression: gzip ? [compressionGzip] : [],
    ...(gzip ? { sendCompression: compressionGzip } : {}),
  };
}

function greeter(transport: Transport, dispose: () => void): Greeter {
  const client = createClient(GreeterService, transport);
  return { ...client, [Symbol.dispose]: dispose };
}

/** Messages to send, one after another. */
export async function* send<T>(...messages: readonly T[]): AsyncGenerator<T> {
  yield* messages;
}
