// A service on one port: gRPC, gRPC-Web and Connect over HTTP/1.1 and HTTP/2,
// REST paths, health and reflection. Knows nothing of flags and registries.

import type { TlsOptions } from "node:tls";
import {
  Code,
  ConnectError,
  type ConnectRouterOptions,
  type Interceptor,
} from "@connectrpc/connect";
import type { Address } from "../core/index.ts";
import { createSchema, readRestRules, type Schema } from "../rpc/index.ts";
import {
  createListener,
  internalLimits,
  resolveLimits,
  type WireStats,
} from "../wire/index.ts";
import { createDispatch } from "./dispatch.ts";
import {
  createHealthRoutes,
  createHealthState,
  ServingStatus,
} from "./health.ts";
import { listenOn } from "./listen.ts";
import { createReflectionRoutes } from "./reflection.ts";
import { createRouteHandler } from "./route-handler.ts";
import {
  createRouteRecorder,
  type DefineRoutes,
  type RecordedRoutes,
} from "./routes.ts";

/**
 * Options for createServiceServer().
 */
export interface ServiceServerOptions {
  /** Which services are served: Connect's own router. */
  readonly routes: DefineRoutes;

  /** Wrapped around every call; the first one is the outermost. */
  readonly interceptors?: readonly Interceptor[];

  /**
   * The largest message that is accepted, in bytes, after decompression.
   * A larger one is `resource_exhausted`. Defaults to 4 MiB, like gRPC.
   */
  readonly readMaxBytes?: number;

  /**
   * The largest message that is sent, in bytes, before compression. A larger
   * one is `resource_exhausted`. Defaults to some 4 GiB, what an envelope holds.
   */
  readonly writeMaxBytes?: number;

  /**
   * Runs before the body of a call is read: what it throws is the answer. The
   * place to find out who calls. Defaults to none.
   */
  readonly requestGate?: ConnectRouterOptions["requestGate"];

  /**
   * How messages are written and read as JSON: a registry for `Any`, for
   * example. Unknown fields are ignored unless it says otherwise.
   */
  readonly jsonOptions?: ConnectRouterOptions["jsonOptions"];

  /**
   * A certificate and its key, for HTTP/2 and HTTP/1.1 over TLS. Defaults to
   * cleartext.
   */
  readonly tls?: TlsOptions;

  /**
   * HTTP/2 connections are asked to go at this age, give or take 20 %, in
   * milliseconds: clients that balance connections, not calls, then see new
   * instances. Calls in flight are finished. Defaults to never.
   */
  readonly connectionMaxAgeMs?: number;
}

/**
 * A server of RPC services.
 */
export interface ServiceServer extends AsyncDisposable {
  /** The services of `routes`, without health and reflection. */
  readonly schema: Schema;

  /** google.api.http rules that are declared but not served, with reasons. */
  readonly unsupportedRest: readonly string[];

  /** Counters over all HTTP/2 connections, and what is open now. */
  readonly stats: WireStats;

  /**
   * Listen; port 0 takes a free one. Rejects with ERR_ADDRESS_IN_USE. The
   * health of every service is SERVING from here on.
   */
  listen(address: Address): Promise<Address>;

  /** Say that we are about to leave: health is NOT_SERVING. Serves on. */
  drain(): void;

  /**
   * Refuse new connections, tell peers to go, let calls in flight finish.
   * What is left after `graceMs` (default 0) is cut off; one second before,
   * streams get `unavailable`, so that their callers reconnect elsewhere.
   */
  close(graceMs?: number): Promise<void>;
}

const NEVER = Number.POSITIVE_INFINITY;

/** No timer of Node's takes longer: some 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** How long before the end streams are told to go, in milliseconds. */
const STREAM_NOTICE_MS = 1_000;

/**
 * Create a server. It listens when told to.
 */
export function createServiceServer(
  options: ServiceServerOptions,
): ServiceServer {
  const recorder = createRouteRecorder();
  options.routes(recorder.router);
  return createRecordedServer(recorder.finish(), options);
}

/**
 * The same, for routes that were recorded already.
 *
 * @internal
 */
export function createRecordedServer(
  user: RecordedRoutes,
  options: Omit<ServiceServerOptions, "routes">,
): ServiceServer {
  const { readMaxBytes = 4 << 20, connectionMaxAgeMs = NEVER } = options;
  const { writeMaxBytes, requestGate, jsonOptions, tls } = options;
  const schema = createSchema(user.services);
  const health = createHealthState();
  const closing = new AbortController();
  const stopStreams = new AbortController();

  const all = createRouteRecorder();
  user.define(all.router);
  createHealthRoutes(health, closing.signal)(all.router);
  createReflectionRoutes(() => [reflected])(all.router);
  const routes = all.finish();
  const reflected = createSchema(routes.services);
  const rest = schema.services.map(readRestRules);

  const listener = createListener({
    // One peer, a gateway for example, multiplexes many callers.
    limits: resolveLimits(internalLimits, { maxAgeMs: connectionMaxAgeMs }),
    ...(tls && { tls }),
    onRequest: createDispatch({
      methods: routes.methods,
      restRoutes: rest.flatMap((rules) => rules.routes),
      handler: createRouteHandler({
        routes: routes.define,
        interceptors: [...(options.interceptors ?? [])],
        readMaxBytes,
        ...(writeMaxBytes !== undefined && { writeMaxBytes }),
        ...(requestGate && { requestGate }),
        ...(jsonOptions && { jsonOptions }),
        shutdownSignal: stopStreams.signal,
      }),
    }),
  });

  const setHealth = (status: ServingStatus) => {
    const names = ["", ...schema.services.map(({ typeName }) => typeName)];
    health.set(new Map(names.map((name) => [name, status])));
  };

  return {
    schema,
    unsupportedRest: rest.flatMap((rules) => rules.unsupported),
    stats: listener.stats,
    async listen(address) {
      const actual = await listenOn(listener, address);
      setHealth(ServingStatus.SERVING);
      return actual;
    },
    drain() {
      setHealth(ServingStatus.NOT_SERVING);
      listener.drain();
    },
    async close(graceMs = 0) {
      setHealth(ServingStatus.NOT_SERVING);
      closing.abort();
      const notice = setTimeout(
        () =>
          stopStreams.abort(
            new ConnectError("the server is shutting down", Code.Unavailable),
          ),
        Math.min(Math.max(0, graceMs - STREAM_NOTICE_MS), MAX_TIMER_MS),
      );
      await listener.close(graceMs);
      clearTimeout(notice);
    },
    async [Symbol.asyncDispose]() {
      await this.close();
    },
  };
}
