// Servers that know nothing of us, and records that somebody put into etcd by
// hand for them.

import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import {
  Server,
  ServerCredentials,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import type { TestEtcd } from "./etcd.ts";

/** Something that listens. */
export interface ForeignServer extends AsyncDisposable {
  /** "host:port" */
  readonly address: string;
}

/**
 * Start a grpc-js server without reflection. Its messages are plain text;
 * `handlers` are by path. Port 0 takes a free one.
 */
export async function startGrpcServer(
  handlers: Readonly<
    Record<string, { stream: boolean; handle: UntypedHandleCall }>
  >,
  atPort = 0,
): Promise<ForeignServer> {
  const server = new Server();
  const text = {
    serialize: (text: string) => Buffer.from(text),
    deserialize: (bytes: Buffer) => bytes.toString(),
  };
  const methods = Object.entries(handlers).map(([path, { stream }]) => [
    path,
    {
      path,
      requestStream: false,
      responseStream: stream,
      requestSerialize: text.serialize,
      requestDeserialize: text.deserialize,
      responseSerialize: text.serialize,
      responseDeserialize: text.deserialize,
    },
  ]);
  server.addService(
    Object.fromEntries(methods),
    Object.fromEntries(
      Object.entries(handlers).map(([path, { handle }]) => [path, handle]),
    ),
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(
      `127.0.0.1:${atPort}`,
      ServerCredentials.createInsecure(),
      (error, port) => (error ? reject(error) : resolve(port)),
    ),
  );
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

/** Start an HTTP/2 server that answers every request in its own way. */
export async function startHttp2Server(
  answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<ForeignServer> {
  const server = createServer();
  server.on("stream", answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

/** Put an instance's record into etcd by hand, as a stranger would. */
export async function putRecord(
  etcd: TestEtcd,
  record: { readonly name: string; readonly id: string } & Readonly<
    Record<string, unknown>
  >,
): Promise<void> {
  const key = `/portolan/v1/instances/${record.name}/${record.id}`;
  await etcd.etcdctl("put", key, JSON.stringify(record));
}
