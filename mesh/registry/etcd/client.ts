// Makes a client of etcd3 with everything switched off that it does on its own
// account, and with what etcd needs to be told with each call.

import { type CallContext, Etcd3, type IOptions } from "etcd3";
import { withoutTokenText } from "./errors.ts";
import type { TlsFiles } from "./tls.ts";
import type { Token } from "./token.ts";

/** How long etcd may take for one answer, in milliseconds. */
export const REQUEST_MS = 2_000;

/**
 * Options for createClient().
 */
export interface ClientOptions {
  /** "host:port" of a member. */
  readonly host: string;
  /** undefined for a connection without TLS. */
  readonly tls: TlsFiles | undefined;
  readonly token: Token;
}

/**
 * Create a client for one member. It connects with its first request.
 */
export function createClient({ host, tls, token }: ClientOptions): Etcd3 {
  return new Etcd3({
    hosts: `${tls === undefined ? "http" : "https"}://${host}`,
    ...(tls && { credentials: tls }),
    grpcOptions: {
      // Finds a member that froze or vanished. Not below 5 s, which is what
      // etcd tolerates (--grpc-keepalive-min-time).
      "grpc.keepalive_time_ms": 6_000,
      "grpc.keepalive_timeout_ms": 3_000,
      "grpc.initial_reconnect_backoff_ms": 200,
      "grpc.max_reconnect_backoff_ms": 2_000,
      // The default, 4 MiB, is less than a page of unusually long values.
      "grpc.max_receive_message_length": 64 * 1024 * 1024,
    },
    faultHandling: { host: () => tryOnce(token), global: tryOnce() },
    defaultCallOptions: (context) => callOptions(context, token),
  });
}

type Policy = NonNullable<NonNullable<IOptions["faultHandling"]>["global"]>;
type CallOptionsFactory = Extract<
  IOptions["defaultCallOptions"],
  (context: CallContext) => unknown
>;
type CallOptions = ReturnType<CallOptionsFactory>;
type Interceptor = NonNullable<CallOptions["interceptors"]>[number];
type Call = ReturnType<Interceptor>;

// etcd3's default would break the circuit for everything after three failures.
// Only a token that is refused is a reason to ask again.
function tryOnce(token?: Token): Policy {
  const context = { signal: new AbortController().signal };
  const execute = async (call: (given: typeof context) => unknown) =>
    token === undefined ? call(context) : token.use(async () => call(context));
  return { execute } as Policy;
}

function callOptions({ isStream }: CallContext, token: Token): CallOptions {
  return isStream
    ? { interceptors: [intercept(token, true)] }
    : {
        interceptors: [intercept(token, false)],
        deadline: Date.now() + REQUEST_MS,
      };
}

function intercept(token: Token, isStream: boolean): Interceptor {
  return (options, next) => {
    const call = next(options);
    const start = call.start.bind(call);
    call.start = (metadata, listener) => {
      // A member without a leader would keep streams open and silent.
      if (isStream) metadata.set("hasleader", "true");
      if (token.current !== undefined) metadata.set("token", token.current);
      start(metadata, isStream ? listener : onceOnly(listener));
    };
    // The type asks for the class, the library only for its methods.
    return call as Call;
  };
}

type Listener = Parameters<Call["start"]>[1];

// etcd3 asks again by itself, and without end, when it reads that text.
function onceOnly(listener: Listener): Listener {
  return {
    ...listener,
    onReceiveStatus: (status) =>
      listener?.onReceiveStatus?.({
        ...status,
        details: withoutTokenText(status.details),
      }),
  };
}

/**
 * Cancel a stream of etcd's API. It is ended first: etcd3 takes the end of a
 * stream that can still be written to for a failure of the member, and closes
 * all other calls of the client with it.
 */
export function cancelStream(stream: { end(): void; cancel(): void }): void {
  stream.end();
  stream.cancel();
}
