// What the gateway answers itself, over all services behind it: health and
// reflection.

import type { Directory } from "../mesh/registry/index.ts";
import { createSchema } from "../rpc/index.ts";
import {
  createHealthRoutes,
  createHealthState,
  createReflectionRoutes,
  createRouteHandler,
  createRouteRecorder,
  ServingStatus,
} from "../runtime/index.ts";
import type { RequestHandler } from "../wire/index.ts";
import type { SchemaCatalog } from "./schema-catalog.ts";

/** Names are all that these services are sent; in bytes, decompressed. */
const READ_MAX_BYTES = 64 << 10;

/**
 * The gateway's own services.
 */
export interface OwnServices {
  /** Tell whether a path is one of theirs. */
  handles(path: string): boolean;
  readonly handler: RequestHandler;
  /** Say NOT_SERVING from now on, for every service. */
  drain(): void;
  /** End the streams that never end by themselves. */
  close(): void;
}

/**
 * Create the services. A service is healthy if it has an instance; so is the
 * gateway itself (the empty name), once the registry was heard.
 */
export function createOwnServices(
  directory: Directory,
  catalog: SchemaCatalog,
): OwnServices {
  const closing = new AbortController();
  const health = createHealthState();
  const known = new Set<string>();
  let draining = false;

  const update = () => {
    const { freshness, serving } = directory.snapshot;
    for (const service of serving.keys()) known.add(service);
    const status = (up: boolean) =>
      up && !draining ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    const statuses = new Map([["", status(freshness !== "never")]]);
    for (const service of known)
      statuses.set(service, status(serving.has(service)));
    health.set(statuses);
  };
  const unsubscribe = directory.subscribe(update);

  const recorder = createRouteRecorder();
  createHealthRoutes(health, closing.signal)(recorder.router);
  createReflectionRoutes(() => [...catalog.schemas, own])(recorder.router);
  const routes = recorder.finish();
  const own = createSchema(routes.services);

  return {
    handles: (path) => routes.methods.has(path),
    handler: createRouteHandler({
      routes: routes.define,
      readMaxBytes: READ_MAX_BYTES,
    }),
    drain() {
      draining = true;
      update();
    },
    close() {
      unsubscribe();
      closing.abort();
    },
  };
}
