// The implementations behind the routes, as calls of ours need them.

import type { DescMethod } from "@bufbuild/protobuf";
import {
  type ConnectRouter,
  type ConnectRouterOptions,
  createMethodImplSpec,
  createServiceImplSpec,
} from "@connectrpc/connect";
import {
  createMethodSerializationLookup,
  validateUniversalHandlerOptions,
} from "@connectrpc/connect/protocol";
import type { Protocol } from "./protocols.ts";

type Spec = ReturnType<typeof createMethodImplSpec>;

/** A streaming method and what implements it. */
export type StreamSpec = Exclude<Spec, { kind: "unary" }>;

/** A unary method and what implements it. */
export type UnarySpec = Extract<Spec, { kind: "unary" }>;

type Options = ReturnType<typeof validateUniversalHandlerOptions>;

/**
 * A method that is served.
 */
export interface CallRoute {
  readonly spec: Spec;
  readonly options: Options;
  readonly serialization: ReturnType<typeof createMethodSerializationLookup>;
  /** The same, if it is unary. */
  readonly unary: UnarySpec | undefined;
  /** Whether calls in that protocol are answered by this route. */
  takes(protocol: Protocol): boolean;
}

/**
 * Collects the routes that a router is told, by their paths.
 */
export interface CallRoutes {
  /** Tells `router` all that it is told. */
  readonly router: ConnectRouter;
  readonly byPath: ReadonlyMap<string, CallRoute>;
}

/**
 * Stand before a router and collect what it is told. Routes whose options ask
 * for what calls of ours don't know are left to the router.
 */
export function collectCallRoutes(
  router: ConnectRouter,
  base: ConnectRouterOptions,
): CallRoutes {
  const byPath = new Map<string, CallRoute>();
  const add = (spec: Spec, own: ConnectRouterOptions | undefined) => {
    const { method } = spec;
    const path = `/${method.parent.typeName}/${method.name}`;
    const route = createRoute(spec, { ...base, ...own });
    if (route !== undefined) byPath.set(path, route);
    // Of several, the last one counts, as with the router's own.
    else byPath.delete(path);
  };
  const collector: ConnectRouter = {
    handlers: router.handlers,
    service(service, implementation, options) {
      const { methods } = createServiceImplSpec(service, implementation);
      for (const spec of Object.values(methods)) add(spec, options);
      router.service(service, implementation, options);
      return collector;
    },
    rpc(method, implementation, options) {
      add(
        createMethodImplSpec(method as DescMethod, implementation as never),
        options,
      );
      router.rpc(method, implementation, options);
      return collector;
    },
  };
  return { router: collector, byPath };
}

function createRoute(
  spec: Spec,
  given: ConnectRouterOptions,
): CallRoute | undefined {
  const options = validateUniversalHandlerOptions(given);
  const isPlain =
    options.requestGate === undefined &&
    !options.requireConnectProtocolHeader &&
    options.maxTimeoutMs === Number.MAX_SAFE_INTEGER &&
    given.grpc !== false &&
    given.grpcWeb !== false &&
    given.connect !== false;
  if (!isPlain) return undefined;
  const unary = spec.kind === "unary" ? spec : undefined;
  return {
    spec,
    unary,
    options,
    serialization: createMethodSerializationLookup(
      spec.method,
      options.binaryOptions,
      options.jsonOptions,
      options,
    ),
    takes: ({ name, isStream }) =>
      name !== "connect" || isStream === (unary === undefined),
  };
}
