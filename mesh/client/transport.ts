// An ordinary Connect transport that chooses an instance for each call.
//
// Interceptors run once per call, around the choice. Nothing is repeated here.

import type { DescMethod } from "@bufbuild/protobuf";
import {
  type ContextValues,
  createContextValues,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import {
  createMethodUrl,
  runStreamingCall,
  runUnaryCall,
} from "@connectrpc/connect/protocol";
import {
  createEtcdDirectory,
  type Directory,
  type EtcdOptions,
} from "../registry/index.ts";
import { attemptStream, attemptUnary, type Deadline } from "./attempt.ts";
import { Chooser } from "./chooser.ts";

interface CommonOptions {
  /**
   * Call only instances registered under this name. Defaults to all that serve
   * the method's proto service.
   */
  readonly name?: string;

  /** Wrap each call, the first one outermost. Defaults to none. */
  readonly interceptors?: readonly Interceptor[];

  /**
   * How long a call waits for the registry's first answer, in milliseconds; 0
   * not to wait. The call's own deadline and signal end the wait too. Once the
   * registry was heard, no call waits. Defaults to 5,000.
   */
  readonly waitMs?: number;
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
 * takes them in turn, over gRPC.
 *
 * It watches the registry, and keeps the process alive until it is closed.
 * Throws ERR_USAGE if the addresses of etcd are wrong.
 *
 * Calls fail with `unavailable` if there is no instance, if the one that was
 * chosen can't be reached, and if the connection to it breaks.
 */
export function createMeshTransport(
  options: MeshTransportOptions,
): MeshTransport {
  const { name, waitMs = 5_000, interceptors = [] } = options;
  const directory = options.directory ?? createOwnDirectory(options.etcd);
  const chooser = new Chooser({ directory, name, waitMs });
  async function close(): Promise<void> {
    chooser.close();
    if (options.directory === undefined) await directory.close();
  }
  return {
    unary: (method, signal, timeoutMs, header, message, contextValues) =>
      runUnaryCall({
        ...limits(signal, timeoutMs),
        interceptors: [...interceptors],
        req: {
          ...describeCall(method, header, contextValues),
          stream: false,
          method,
          message,
        },
        next: attemptUnary(chooser, startDeadline(timeoutMs)),
      }),
    stream: (method, signal, timeoutMs, header, message, contextValues) =>
      runStreamingCall({
        ...limits(signal, timeoutMs),
        interceptors: [...interceptors],
        req: {
          ...describeCall(method, header, contextValues),
          stream: true,
          method,
          message,
        },
        next: attemptStream(chooser, startDeadline(timeoutMs)),
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function createOwnDirectory(etcd: string | EtcdOptions): Directory {
  return createEtcdDirectory(
    typeof etcd === "string" ? { hosts: etcd.split(",") } : etcd,
  );
}

// What interceptors see of a call before it has an instance.
function describeCall(
  method: DescMethod,
  header: HeadersInit | undefined,
  contextValues: ContextValues = createContextValues(),
) {
  return {
    service: method.parent,
    requestMethod: "POST",
    url: createMethodUrl("mesh:///", method),
    header: new Headers(header),
    contextValues,
  };
}

// As in Connect's own transports, a time-out of 0 or less stands for none.
function limits(
  signal: AbortSignal | undefined,
  timeoutMs: number | undefined,
): { signal?: AbortSignal; timeoutMs?: number } {
  return {
    ...(signal && { signal }),
    ...(timeoutMs !== undefined && timeoutMs > 0 && { timeoutMs }),
  };
}

// What is told to the instance is what is left after waiting for the registry.
function startDeadline(timeoutMs: number | undefined): Deadline {
  if (timeoutMs === undefined || timeoutMs <= 0) return () => undefined;
  const endsAt = performance.now() + timeoutMs;
  return () => Math.max(1, Math.ceil(endsAt - performance.now()));
}
