// grpc.health.v1, over whatever knows which services are up.
// https://github.com/grpc/grpc/blob/master/doc/health-checking.md

import { Code, ConnectError } from "@connectrpc/connect";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../gen/grpc/health/v1/health_pb.ts";
import type { DefineRoutes } from "./routes.ts";

export { ServingStatus };

/**
 * Knows the health of services.
 */
export interface HealthSource {
  /** All statuses by service name; "" stands for the process as a whole. */
  readonly statuses: ReadonlyMap<string, ServingStatus>;
  /** Call `observer` after each change. Returns a function that ends it. */
  subscribe(observer: () => void): () => void;
}

/**
 * A source that is told the health.
 */
export interface HealthState extends HealthSource {
  /** Replace all statuses. */
  set(statuses: ReadonlyMap<string, ServingStatus>): void;
}

/**
 * Create a health state that knows of no service yet.
 */
export function createHealthState(): HealthState {
  const observers = new Set<() => void>();
  let statuses: ReadonlyMap<string, ServingStatus> = new Map();
  return {
    get statuses() {
      return statuses;
    },
    set(next) {
      statuses = next;
      for (const observer of observers) observer();
    },
    subscribe(observer) {
      observers.add(observer);
      return () => observers.delete(observer);
    },
  };
}

/**
 * Serve Check, List and Watch. Watches end with `unavailable` when `closing`
 * aborts, so that they never hold up a shutdown.
 */
export function createHealthRoutes(
  source: HealthSource,
  closing: AbortSignal,
): DefineRoutes {
  return (router) =>
    router.service(Health, {
      check({ service }) {
        const status = source.statuses.get(service);
        if (status === undefined) {
          throw new ConnectError(`no service "${service}" here`, Code.NotFound);
        }
        return { status };
      },
      list() {
        const statuses = Object.fromEntries(
          Array.from(source.statuses, ([name, status]) => [name, { status }]),
        );
        return { statuses };
      },
      async *watch({ service }, { signal }) {
        const ended = AbortSignal.any([signal, closing]);
        let last: ServingStatus | undefined;
        while (!ended.aborted) {
          const changed = nextChange(source, ended);
          const status =
            source.statuses.get(service) ?? ServingStatus.SERVICE_UNKNOWN;
          if (status !== last) yield { status };
          last = status;
          await changed;
        }
        throw new ConnectError("shutting down", Code.Unavailable);
      },
    });
}

/** Resolves at the next change, or when the signal aborts. */
function nextChange(source: HealthSource, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      unsubscribe();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const unsubscribe = source.subscribe(done);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
