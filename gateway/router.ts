// From a request's path to the proto service that serves it, and to one of
// that service's instances.

import { Code, ConnectError } from "@connectrpc/connect";
import type { Instance } from "../core/index.ts";
import { createRoundRobin, type Policy } from "../mesh/balancer/index.ts";
import type { Directory } from "../mesh/registry/index.ts";
import { statusOf } from "../rpc/index.ts";
import type { SchemaCatalog } from "./schema-catalog.ts";

/** An instance, and how much of our work it has. */
export interface Upstream {
  instance: Instance;
  /** How many calls are open on it; kept by whoever forwards them. */
  inFlight: number;
}

/** Where a request goes, or why it goes nowhere. */
export type Routing =
  | { readonly upstream: Upstream }
  | {
      readonly error: ConnectError;
      /** For callers that speak no RPC protocol. */
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
    };

/**
 * Chooses an instance for a request.
 */
export interface Router extends Disposable {
  route(request: { readonly method: string; readonly path: string }): Routing;
}

interface ServiceUpstreams {
  readonly policy: Policy;
  /** Its instances that want calls, in the directory's order. */
  candidates: readonly Upstream[];
}

/** "/package.Service/Method" and nothing else. */
const RPC_PATH = /^\/([\w.]+)\/\w+$/;

/**
 * Create a router over a directory. It knows of no service but what the
 * directory lists and the catalog learned.
 */
export function createRouter(
  directory: Directory,
  catalog: SchemaCatalog,
): Router {
  // A service stays here after its last instance left: then it is
  // unavailable, not unknown.
  const services = new Map<string, ServiceUpstreams>();
  let upstreams = new Map<string, Upstream>();
  const unsubscribe = directory.subscribe(({ instances, serving }) => {
    upstreams = new Map(
      instances.map((instance) => {
        const key = keyOf(instance);
        const upstream = upstreams.get(key) ?? { instance, inFlight: 0 };
        upstream.instance = instance;
        return [key, upstream];
      }),
    );
    for (const service of serving.keys())
      if (!services.has(service))
        services.set(service, { policy: createRoundRobin(), candidates: [] });
    for (const [name, service] of services) {
      service.candidates = (serving.get(name) ?? []).flatMap(
        (instance) => upstreams.get(keyOf(instance)) ?? [],
      );
    }
  });

  return {
    [Symbol.dispose]: unsubscribe,
    route({ method, path }) {
      const rest = catalog.findRest(path);
      const service = rest?.service ?? RPC_PATH.exec(path)?.[1];
      const known = services.get(service ?? "");
      if (known === undefined) {
        return directory.snapshot.freshness === "never"
          ? unavailable("the registry has not answered yet")
          : unknown(path, service);
      }
      if (rest !== undefined && method !== rest.verb) {
        const message = `${path} takes ${rest.verb}`;
        const { status, code } = statusOf.methodNotAllowed;
        const headers = { allow: rest.verb };
        return { error: new ConnectError(message, code), status, headers };
      }
      const upstream = known.policy.pick(known.candidates);
      return upstream === undefined
        ? unavailable(`no instance of ${service} is available`)
        : { upstream };
    },
  };
}

/** An id is unique under its registered name only. */
function keyOf({ name, id }: Instance): string {
  return `${name}/${id}`;
}

function unavailable(message: string): Routing {
  return { error: new ConnectError(message, Code.Unavailable) };
}

function unknown(path: string, service: string | undefined): Routing {
  const message =
    service === undefined
      ? `nothing is served at ${path}`
      : `no service ${service} was ever registered`;
  const { status, code } = statusOf.notFound;
  return { error: new ConnectError(message, code), status };
}
