// The one place where a client for etcd is made.
//
// etcd3 comes with retries, circuit breakers and resuming watchers that lose
// events, block each other or go on for ever. None of them is used: requests
// and streams are the plain ones of etcd's API, each is tried once, on one
// member, with a deadline; who needs an answer tries again, on the next member.

import { type CallContext, Etcd3, type IOptions } from "etcd3";
import { PortolanError, parseAddress } from "../../../core/index.ts";

/** How long etcd may take for one answer, in milliseconds. */
export const REQUEST_MS = 2_000;

/**
 * A client for one member of etcd at a time.
 */
export interface Connection {
  /** The client to use now. Connects with its first request. */
  client(): Etcd3;
  /** Give this client up: the next is one for the next member. */
  drop(): void;
}

/**
 * Create a connection to a cluster, given as one "host:port" or more. Throws
 * ERR_USAGE if they are not.
 */
export function createConnection(hosts: readonly string[]): Connection {
  if (hosts.length === 0) {
    throw new PortolanError("ERR_USAGE", "No address of etcd is given.");
  }
  for (const host of hosts) {
    const address = parseAddress(host);
    if (address instanceof Error) {
      throw new PortolanError("ERR_USAGE", `etcd: ${address.message}`);
    }
  }
  // Not everybody begins with the first member.
  let turn = Math.floor(Math.random() * hosts.length);
  let client: Etcd3 | undefined;
  return {
    client() {
      client ??= createClient(hosts[turn++ % hosts.length] ?? "");
      return client;
    },
    drop() {
      client?.close();
      client = undefined;
    },
  };
}

function createClient(host: string): Etcd3 {
  return new Etcd3({
    hosts: `http://${host}`,
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
    faultHandling: { host: () => onlyOnce, global: onlyOnce },
    defaultCallOptions,
  });
}

type Policy = NonNullable<NonNullable<IOptions["faultHandling"]>["global"]>;
type CallOptionsFactory = Extract<
  IOptions["defaultCallOptions"],
  (context: CallContext) => unknown
>;
type CallOptions = ReturnType<CallOptionsFactory>;
type Interceptor = NonNullable<CallOptions["interceptors"]>[number];

// etcd3's default would break the circuit for everything after three failures.
const onlyOnce = {
  execute: async (call: (context: { signal: AbortSignal }) => unknown) =>
    call({ signal: new AbortController().signal }),
} as Policy;

function defaultCallOptions({ isStream }: CallContext): CallOptions {
  return isStream
    ? { interceptors: [requireLeader] }
    : { deadline: Date.now() + REQUEST_MS };
}

// A member without a leader would keep streams open and silent.
const requireLeader: Interceptor = (options, next) => {
  const call = next(options);
  const start = call.start.bind(call);
  call.start = (metadata, listener) => {
    metadata.set("hasleader", "true");
    start(metadata, listener);
  };
  // The type asks for the class, the library only for its methods.
  return call as ReturnType<Interceptor>;
};
