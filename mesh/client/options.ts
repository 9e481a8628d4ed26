// What a mesh transport can be told, with its defaults, all in one place.

import {
  createSecureContext,
  type ConnectionOptions as TlsOptions,
} from "node:tls";
import type {
  BinaryReadOptions,
  BinaryWriteOptions,
  JsonReadOptions,
  JsonWriteOptions,
} from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import {
  type Compression,
  validateReadWriteMaxBytes,
} from "@connectrpc/connect/protocol";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import { errorMessage, PortolanError } from "../../core/index.ts";
import type { Directory, EtcdOptions } from "../registry/index.ts";

/** gRPC's usual limit for a message, in bytes. */
const READ_MAX_BYTES = 4 * 1024 * 1024;

/** Longer timers than Node.js's, in milliseconds, end at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * The RPC protocols that a mesh transport speaks.
 */
export type MeshProtocol = "grpc" | "connect" | "grpc-web";

interface CommonOptions {
  /**
   * Call only instances registered under this name. Defaults to all that serve
   * the method's proto service.
   */
  readonly name?: string;

  /** The protocol to call in. Instances speak all. Defaults to "grpc". */
  readonly protocol?: MeshProtocol;

  /**
   * The HTTP version to call over. "1.1" is for what stands in the way and
   * knows no other: one call at a time for each connection, no streams both
   * ways, and "connect" or "grpc-web" only. Defaults to "2".
   */
  readonly httpVersion?: "1.1" | "2";

  /**
   * Call over TLS: what node:tls's connect() takes, without an address; ALPN is
   * "h2", or none for HTTP/1.1. Certificates are checked against the address
   * that an instance is registered with, unless `servername` says otherwise.
   * Defaults to cleartext.
   */
  readonly tls?: TlsOptions;

  /**
   * How long a call waits for the registry's first answer, in milliseconds; 0
   * not to wait. The call's own deadline and signal end the wait too. Once the
   * registry was heard, no call waits. Defaults to 5,000.
   */
  readonly waitMs?: number;

  /**
   * Wrap each call, the first one outermost, around the choice of the instance.
   * Defaults to none: then a unary gRPC call costs least.
   */
  readonly interceptors?: readonly Interceptor[];

  /**
   * Send messages in binary, not as JSON. Defaults to true.
   */
  readonly useBinaryFormat?: boolean;

  /**
   * With "connect": call methods without side effects by HTTP GET. Defaults to
   * false.
   */
  readonly useHttpGet?: boolean;

  /**
   * The compressions that answers may have, the preferred one first. Defaults
   * to gzip and brotli; an empty list for none.
   */
  readonly acceptCompression?: readonly Compression[];

  /**
   * Compress requests this way. Instances of this project take gzip and brotli.
   * Defaults to none.
   */
  readonly sendCompression?: Compression;

  /**
   * Leave messages below this size uncompressed, in bytes. Defaults to 1,024.
   */
  readonly compressMinBytes?: number;

  /**
   * The longest message to accept, in bytes, compressed or not; a longer one
   * fails the call with `resource_exhausted`. From 1 to 2^32 - 1. Defaults to 4
   * MiB, as in gRPC.
   */
  readonly readMaxBytes?: number;

  /**
   * The longest message to send, in bytes; a longer one fails the call with
   * `resource_exhausted`. From 1 to 2^32 - 1, which is the default.
   */
  readonly writeMaxBytes?: number;

  /** How messages are read and written as JSON. Unknown fields are ignored. */
  readonly jsonOptions?: Partial<JsonReadOptions & JsonWriteOptions>;

  /** How messages are read and written in binary. */
  readonly binaryOptions?: Partial<BinaryReadOptions & BinaryWriteOptions>;

  /**
   * The deadline of calls that come with none, in milliseconds. 0, here or for a
   * call, means none, and so does more than 2^31 - 1 (24 days). Defaults to none.
   */
  readonly defaultTimeoutMs?: number;

  /**
   * Unary gRPC calls may take the short way. Defaults to true.
   *
   * @internal
   */
  readonly useShortWay?: boolean;
}

/**
 * Options for createMeshTransport(): where to look for instances, and how to
 * call them.
 */
export type MeshTransportOptions = CommonOptions &
  (
    | {
        /**
         * Where etcd is: "host:port[,host:port]", or options that can say more
         * (TLS, user and password, namespace).
         */
        readonly etcd: string | EtcdOptions;
        readonly directory?: never;
      }
    | {
        /** A directory that the caller owns and closes. */
        readonly directory: Directory;
        readonly etcd?: never;
      }
  );

/** How calls are made, complete. */
export interface CallOptions {
  readonly protocol: MeshProtocol;
  readonly httpVersion: "1.1" | "2";
  readonly tls: TlsOptions | undefined;
  readonly interceptors: Interceptor[];
  readonly useBinaryFormat: boolean;
  readonly useHttpGet: boolean;
  readonly acceptCompression: Compression[];
  readonly sendCompression: Compression | null;
  readonly compressMinBytes: number;
  readonly readMaxBytes: number;
  readonly writeMaxBytes: number;
  readonly jsonOptions?: Partial<JsonReadOptions & JsonWriteOptions>;
  readonly binaryOptions?: Partial<BinaryReadOptions & BinaryWriteOptions>;
  /** The time that a call has, by what it comes with; undefined for no end. */
  timeoutOf(timeoutMs: number | undefined): number | undefined;
  readonly useShortWay: boolean;
}

/**
 * Fill in the defaults. Throws ERR_USAGE for gRPC over HTTP/1.1 and for keys and
 * certificates that can't be used, a ConnectError for sizes out of range.
 */
export function resolveCallOptions(options: CommonOptions): CallOptions {
  const { protocol = "grpc", httpVersion = "2", tls } = options;
  const { jsonOptions, binaryOptions, defaultTimeoutMs } = options;
  if (httpVersion === "1.1" && protocol === "grpc")
    throw new PortolanError("ERR_USAGE", "gRPC needs HTTP/2");
  if (tls !== undefined) checkTls(tls);
  return {
    protocol,
    httpVersion,
    tls,
    interceptors: [...(options.interceptors ?? [])],
    useBinaryFormat: options.useBinaryFormat ?? true,
    useHttpGet: options.useHttpGet ?? false,
    acceptCompression: [
      ...(options.acceptCompression ?? [compressionGzip, compressionBrotli]),
    ],
    sendCompression: options.sendCompression ?? null,
    ...validateReadWriteMaxBytes(
      options.readMaxBytes ?? READ_MAX_BYTES,
      options.writeMaxBytes,
      options.compressMinBytes,
    ),
    ...(jsonOptions && { jsonOptions }),
    ...(binaryOptions && { binaryOptions }),
    timeoutOf(timeoutMs = defaultTimeoutMs) {
      const isLimit = timeoutMs !== undefined && timeoutMs > 0;
      return isLimit && timeoutMs <= MAX_TIMER_MS ? timeoutMs : undefined;
    },
    useShortWay: options.useShortWay ?? true,
  };
}

/** What is wrong with them should not be found out by the first call. */
function checkTls(tls: TlsOptions): void {
  if (tls.secureContext !== undefined) return;
  try {
    createSecureContext(tls);
  } catch (cause) {
    const message = `The TLS options can't be used: ${errorMessage(cause)}`;
    throw new PortolanError("ERR_USAGE", message, { cause });
  }
}
