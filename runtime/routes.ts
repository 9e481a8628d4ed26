// Route definitions, recorded before they are served, so that the runtime
// knows which services and methods there are.

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";

/** Defines which services are served, with Connect's own router. */
export type DefineRoutes = (router: ConnectRouter) => void;

/** What route definitions said. */
export interface RecordedRoutes {
  readonly services: readonly DescService[];
  /** Every method by its path, "/greeter.v1.GreeterService/Hello". */
  readonly methods: ReadonlyMap<string, DescMethod>;
  /** Say it again, to a router that serves. */
  readonly define: DefineRoutes;
}

/**
 * A router that only takes note.
 */
export interface RouteRecorder {
  readonly router: ConnectRouter;
  /** What was noted so far. */
  finish(): RecordedRoutes;
}

/**
 * Create a recorder. Its router may be used asynchronously.
 */
export function createRouteRecorder(): RouteRecorder {
  const services = new Set<DescService>();
  const methods = new Map<string, DescMethod>();
  const definitions: DefineRoutes[] = [];
  const addMethod = (method: DescMethod) => {
    services.add(method.parent);
    methods.set(`/${method.parent.typeName}/${method.name}`, method);
  };
  const router: ConnectRouter = {
    handlers: [],
    service(service, implementation, options) {
      services.add(service);
      service.methods.forEach(addMethod);
      definitions.push((to) => to.service(service, implementation, options));
      return router;
    },
    rpc(method, implementation, options) {
      addMethod(method);
      definitions.push((to) => to.rpc(method, implementation, options));
      return router;
    },
  };
  return {
    router,
    finish: () => ({
      services: [...services],
      methods,
      define: (to) => {
        for (const define of definitions) define(to);
      },
    }),
  };
}
