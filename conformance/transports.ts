// The transports under test: one for each kind of call to each server, used by
// all calls of that kind, as an application would.

import type { ConnectionOptions as TlsOptions } from "node:tls";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import {
  createMeshTransport,
  type MeshTransport,
  type MeshTransportOptions,
} from "../mesh/client/index.ts";
import { createStaticDirectory } from "../mesh/registry/index.ts";
import type { ClientCompatRequest } from "./.cache/gen/connectrpc/conformance/v1/client_compat_pb.ts";
import {
  Codec,
  Compression,
  HTTPVersion,
  Protocol,
} from "./.cache/gen/connectrpc/conformance/v1/config_pb.ts";
import { ConformanceService } from "./.cache/gen/connectrpc/conformance/v1/service_pb.ts";
import { registry } from "./metadata.ts";

const PROTOCOLS = new Map<
  Protocol,
  NonNullable<MeshTransportOptions["protocol"]>
>([
  [Protocol.CONNECT, "connect"],
  [Protocol.GRPC, "grpc"],
  [Protocol.GRPC_WEB, "grpc-web"],
]);

const HTTP_VERSIONS = new Map<HTTPVersion, "1.1" | "2">([
  [HTTPVersion.HTTP_VERSION_1, "1.1"],
  [HTTPVersion.HTTP_VERSION_2, "2"],
]);

const COMPRESSIONS = new Map<Compression, typeof compressionGzip>([
  [Compression.GZIP, compressionGzip],
  [Compression.BR, compressionBrotli],
]);

/** All messages, empty ones too: cases look for the compression. */
const COMPRESS_MIN_BYTES = -1;

/**
 * Every transport that was needed so far.
 */
export class Transports {
  readonly #known = new Map<string, MeshTransport>();

  /** The transport for a call. Throws if there can be none. */
  for(request: ClientCompatRequest): MeshTransport {
    const { host, port, protocol, httpVersion, codec, compression } = request;
    const key = [
      ...[host, port, protocol, httpVersion, codec, compression],
      ...[request.useGetHttpMethod, request.messageReceiveLimit],
    ].join();
    const transport = this.#known.get(key) ?? createTransportFor(request);
    this.#known.set(key, transport);
    return transport;
  }

  /** Close them all. */
  async close(): Promise<void> {
    for (const transport of this.#known.values()) await transport.close();
  }
}

/** The server is the only instance there is. */
function createTransportFor(request: ClientCompatRequest): MeshTransport {
  const { host, port } = request;
  const addresses = [`${host}:${port}`];
  const entries = [{ service: ConformanceService.typeName, addresses }];
  return createMeshTransport({
    directory: createStaticDirectory({ entries }),
    ...toOptions(request),
  });
}

function toOptions(
  request: ClientCompatRequest,
): Omit<MeshTransportOptions, "etcd" | "directory"> {
  const { messageReceiveLimit } = request;
  const protocol = PROTOCOLS.get(request.protocol);
  const httpVersion = HTTP_VERSIONS.get(request.httpVersion);
  if (protocol === undefined || httpVersion === undefined) {
    throw new Error("a protocol or HTTP version that was not asked for");
  }
  const compression = COMPRESSIONS.get(request.compression);
  const tls = toTlsOptions(request);
  return {
    protocol,
    httpVersion,
    useBinaryFormat: request.codec === Codec.PROTO,
    useHttpGet: request.useGetHttpMethod,
    jsonOptions: { registry },
    acceptCompression: compression ? [compression] : [],
    ...(compression && { sendCompression: compression }),
    compressMinBytes: COMPRESS_MIN_BYTES,
    ...(messageReceiveLimit > 0 && { readMaxBytes: messageReceiveLimit }),
    ...(tls && { tls }),
  };
}

/** The server's certificate signs itself; ours is the runner's. */
function toTlsOptions(request: ClientCompatRequest): TlsOptions | undefined {
  const { serverTlsCert, clientTlsCreds } = request;
  if (serverTlsCert.length === 0) return undefined;
  const ca = Buffer.from(serverTlsCert);
  if (clientTlsCreds === undefined) return { ca };
  const { cert, key } = clientTlsCreds;
  return { ca, cert: Buffer.from(cert), key: Buffer.from(key) };
}
