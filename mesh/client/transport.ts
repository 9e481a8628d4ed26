// An ordinary Connect transport that chooses an instance for each call: Connect's
// protocols on HTTP/2 of our own, and a shorter way for what is most common.

import type { Transport } from "@connectrpc/connect";
import type { UniversalClientFn } from "@connectrpc/connect/protocol";
import { createTransport as createConnect } from "@connectrpc/connect/protocol-connect";
import { createTransport as createGrpc } from "@connectrpc/connect/protocol-grpc";
import { createTransport as createGrpcWeb } from "@connectrpc/connect/protocol-grpc-web";
import { createStats } from "../../wire/index.ts";
import {
  createEtcdDirectory,
  type Directory,
  type EtcdOptions,
} from "../registry/index.ts";
import { createConnections } from "../upstream/index.ts";
import { Chooser } from "./chooser.ts";
import { createHttp1Client } from "./http1-client.ts";
import {
  type CallOptions,
  type MeshTransportOptions,
  resolveCallOptions,
} from "./options.ts";
import { createUnaryShortWay } from "./unary-call.ts";
import { createUniversalClient } from "./universal-call.ts";

/**
 * A Connect transport with connections of its own.
 */
export interface MeshTransport extends Transport, AsyncDisposable {
  /**
   * Close all connections, and that to etcd. Open calls fail with
   * `unavailable`, and so does every later one.
   */
  close(): Promise<void>;
}

/**
 * Create a transport that finds the instances of the called proto service, and
 * takes them in turn, over gRPC unless told otherwise.
 *
 * It watches the registry, and keeps the process alive until it is closed.
 * Throws ERR_USAGE if the addresses of etcd are wrong, if keys or certificates
 * can't be used, and for gRPC over HTTP/1.1.
 *
 * A call that an instance has certainly not seen goes to another, as long as
 * nothing was taken from a caller that streams. Calls fail with `unavailable` if
 * there is no instance, if none can be reached, and if the connection breaks
 * while one is at work.
 */
export function createMeshTransport(
  options: MeshTransportOptions,
): MeshTransport {
  const { name, waitMs = 5_000 } = options;
  const callOptions = resolveCallOptions(options);
  const directory = options.directory ?? createOwnDirectory(options.etcd);
  const { tls } = callOptions;
  const connections = createConnections(createStats(), {
    tls,
    isPatient: true,
  });
  const chooser = new Chooser({ directory, connections, name, waitMs });
  const { closeHttp, ...calls } = createCalls(chooser, callOptions);
  async function close(): Promise<void> {
    chooser.close();
    closeHttp();
    if (options.directory === undefined) await directory.close();
  }
  return { ...calls, close, [Symbol.asyncDispose]: close };
}

function createOwnDirectory(etcd: string | EtcdOptions): Directory {
  return createEtcdDirectory(
    typeof etcd === "string" ? { hosts: etcd.split(",") } : etcd,
  );
}

function createCalls(
  chooser: Chooser,
  options: CallOptions,
): Transport & { closeHttp(): void } {
  if (options.httpVersion === "1.1") {
    const client = createHttp1Client(chooser, options.tls);
    const transport = createProtocol(options, client.request);
    return { ...transport, closeHttp: client.close };
  }
  const scheme = options.tls === undefined ? "http" : "https";
  const create = (isOneMessage: boolean) =>
    createProtocol(
      options,
      createUniversalClient(chooser, { scheme, isOneMessage }),
    );
  const oneMessage = create(true);
  const manyMessages = create(false);
  const isShort =
    options.useShortWay &&
    options.protocol === "grpc" &&
    options.interceptors.length === 0;
  return {
    unary: isShort
      ? createUnaryShortWay(chooser, options, oneMessage.unary)
      : oneMessage.unary,
    stream(method, ...rest) {
      const transport =
        method.methodKind === "server_streaming" ? oneMessage : manyMessages;
      return transport.stream(method, ...rest);
    },
    closeHttp() {},
  };
}

/**
 * Connect's own transport for a protocol, with our deadlines: what would be too
 * long for a timer ends at once there.
 */
function createProtocol(
  options: CallOptions,
  httpClient: UniversalClientFn,
): Transport {
  const transport = createConnectTransport(options, httpClient);
  return {
    unary: (method, signal, timeoutMs, ...rest) =>
      transport.unary(
        method,
        signal,
        options.timeoutOf(timeoutMs) ?? 0,
        ...rest,
      ),
    stream: (method, signal, timeoutMs, ...rest) =>
      transport.stream(
        method,
        signal,
        options.timeoutOf(timeoutMs) ?? 0,
        ...rest,
      ),
  };
}

/** What it calls has no host. */
function createConnectTransport(
  options: CallOptions,
  httpClient: UniversalClientFn,
): Transport {
  const all = { ...options, baseUrl: "mesh:///", httpClient };
  switch (options.protocol) {
    case "grpc":
      return createGrpc(all);
    case "grpc-web":
      return createGrpcWeb(all);
    case "connect":
      return createConnect(all);
  }
}
