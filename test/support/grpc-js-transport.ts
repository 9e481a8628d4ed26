// A Connect transport on @grpc/grpc-js: the calls of a foreign gRPC client
// under the same API, so that one table of tests serves all clients.

import { once } from "node:events";
import type { Writable } from "node:stream";
import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import {
  Client,
  compressionAlgorithms,
  credentials,
  Metadata,
  type ServiceError,
  type StatusObject,
} from "@grpc/grpc-js";

/** A transport with a channel of its own. */
export interface GrpcJsTransport extends Transport, Disposable {}

/** Create a transport to "host:port"; `gzip` compresses what is sent. */
export function createGrpcJsTransport(
  address: string,
  gzip = false,
): GrpcJsTransport {
  const { gzip: algorithm } = compressionAlgorithms;
  const client = new Client(address, credentials.createInsecure(), {
    ...(gzip ? { "grpc.default_compression_algorithm": algorithm } : {}),
    // A pool shared with other tests would keep connections alive.
    "grpc.use_local_subchannel_pool": 1,
  });
  return {
    async unary(method, signal, timeoutMs, header, input) {
      signal?.throwIfAborted();
      const { path, serialize, deserialize } = describe(method);
      let leading = new Metadata();
      const { message, status } = await new Promise<{
        message: MessageShape<typeof method.output>;
        status: StatusObject;
      }>((resolve, reject) => {
        let message: MessageShape<typeof method.output>;
        const call = client.makeUnaryRequest(
          ...([path, serialize, deserialize] as const),
          create(method.input, input),
          toMetadata(header),
          toOptions(timeoutMs),
          (error, answer) => {
            if (error !== null) reject(toConnectError(error));
            else if (answer !== undefined) message = answer;
          },
        );
        signal?.addEventListener("abort", () => call.cancel());
        call.on("metadata", (metadata) => {
          leading = metadata;
        });
        call.on("status", (status) => resolve({ message, status }));
      });
      const { service, ...common } = commonOf(method);
      const trailer = toHeaders(status.metadata);
      const head = { header: toHeaders(leading), trailer };
      return { stream: false, service, method, ...common, ...head, message };
    },

    async stream(method, signal, timeoutMs, header, input) {
      signal?.throwIfAborted();
      const { path, serialize, deserialize } = describe(method);
      const call = client.makeBidiStreamRequest(
        ...([path, serialize, deserialize] as const),
        toMetadata(header),
        toOptions(timeoutMs),
      );
      signal?.addEventListener("abort", () => call.cancel());
      const response = new Headers();
      const trailer = new Headers();
      call.on("metadata", (metadata) => copy(metadata, response));
      call.on("status", ({ metadata }) => copy(metadata, trailer));
      call.on("error", () => {}); // who reads it is told
      void sendAll(method.input, input, call);
      async function* receive() {
        try {
          for await (const message of call)
            yield message as MessageShape<typeof method.output>;
        } catch (error) {
          throw toConnectError(error as ServiceError);
        } finally {
          call.cancel();
        }
      }
      const { service, ...common } = commonOf(method);
      const head = { header: response, trailer };
      const message = receive();
      return { stream: true, service, method, ...common, ...head, message };
    },

    [Symbol.dispose]: () => client.close(),
  };
}

function commonOf({ parent }: DescMethod) {
  return { service: parent };
}

function describe<I extends DescMessage, O extends DescMessage>(
  method: DescMethod & { input: I; output: O },
) {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    serialize: (message: MessageShape<I>) =>
      Buffer.from(toBinary(method.input, message)),
    deserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
  };
}

async function sendAll<I extends DescMessage>(
  schema: I,
  input: AsyncIterable<MessageInitShape<I>>,
  call: Writable,
): Promise<void> {
  for await (const message of input) {
    if (call.destroyed) return;
    if (!call.write(create(schema, message)))
      await Promise.race([once(call, "drain"), once(call, "close")]);
  }
  call.end();
}

function toOptions(timeoutMs: number | undefined) {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

function toMetadata(header: HeadersInit | undefined): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of new Headers(header))
    metadata.set(
      name,
      name.endsWith("-bin") ? Buffer.from(value, "base64") : value,
    );
  return metadata;
}

function toHeaders(metadata: Metadata): Headers {
  const headers = new Headers();
  copy(metadata, headers);
  return headers;
}

function copy(metadata: Metadata, headers: Headers): void {
  for (const name of Object.keys(metadata.getMap()))
    for (const value of metadata.get(name))
      headers.append(
        name,
        // Without padding, as gRPC writes it.
        typeof value === "string"
          ? value
          : value.toString("base64").replace(/=+$/, ""),
      );
}

function toConnectError(error: ServiceError): ConnectError {
  // grpc-js takes the status out of the trailers: with it, they can be read.
  const trailer = toHeaders(error.metadata);
  trailer.set("grpc-status", String(error.code));
  const found = findTrailerError(trailer);
  return new ConnectError(
    // grpc-js leaves what Connect's servers write as %2C, a comma, as it is.
    error.details.replace(
      /%(3A|2C|3B|2F|3F|40|26|3D|2B|24|23)/g,
      decodeURIComponent,
    ),
    found?.code ?? Code.Internal,
    found?.metadata,
    found?.details as ConstructorParameters<typeof ConnectError>[3],
  );
}
