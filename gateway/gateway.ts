// The front door: takes calls on one port and forwards each to a live
// instance of the service it is for.

import { ConnectError } from "@connectrpc/connect";
import type { Address } from "../core/index.ts";
import type { Directory } from "../mesh/registry/index.ts";
import { type Connections, createConnections } from "../mesh/upstream/index.ts";
import { encodeErrorAnswer, type Schema, statusOf } from "../rpc/index.ts";
import { type Logger, listenOn, sendAnswer } from "../runtime/index.ts";
import {
  createListener,
  createStats,
  type ServerStream,
  type WireStats,
} from "../wire/index.ts";
import { createCors } from "./cors.ts";
import { createOwnServices } from "./own-services.ts";
import { type Plan, planOf } from "./plan.ts";
import { Relay } from "./relay.ts";
import { createRouter, type Routing, type Upstream } from "./router.ts";
import { createSchemaCatalog } from "./schema-catalog.ts";

/**
 * Options for createGateway().
 */
export interface GatewayOptions {
  /** Where instances are found. The caller closes it, after the gateway. */
  readonly directory: Directory;
  readonly logger: Logger;
  /**
   * The origins of web pages that may call, as parseOrigins() takes them.
   * Defaults to none.
   */
  readonly corsOrigins?: readonly string[];
}

/**
 * A gateway.
 */
export interface Gateway extends AsyncDisposable {
  /** Listen; port 0 takes a free one. Rejects with ERR_ADDRESS_IN_USE. */
  listen(address: Address): Promise<Address>;

  /**
   * Resolves when the schemas of all instances known now were asked for: REST
   * paths and reflection of these are there.
   */
  settled(): Promise<void>;

  /** The schemas that are known now, those in use first. */
  readonly schemas: readonly Schema[];

  /** Counters, and what is open now. Plain numbers, never reset. */
  readonly stats: GatewayStats;

  /** Say that the gateway is about to leave: health is NOT_SERVING. Serves on. */
  drain(): void;

  /**
   * Refuse new connections, tell callers to go, let calls in flight finish.
   * What is left after `graceMs` (default 0) is cut off.
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * What happened on a gateway's connections so far.
 */
export interface GatewayStats {
  /** HTTP/2 connections of callers, all together. */
  readonly callers: WireStats;

  /** Connections to instances on which calls are passed on, all together. */
  readonly instances: WireStats;
}

/**
 * Create a gateway. It listens when told to.
 */
export function createGateway(options: GatewayOptions): Gateway {
  const { directory, logger } = options;
  const catalog = createSchemaCatalog(logger);
  const router = createRouter(directory, catalog);
  const instanceStats = createStats();
  const connections = createConnections(instanceStats);
  const cors = createCors(options.corsOrigins ?? []);
  const own = createOwnServices(directory, catalog);
  const unsubscribe = directory.subscribe((snapshot) => {
    catalog.update(snapshot);
    connections.update(snapshot);
  });

  const forward = createForward(connections, logger);
  const listener = createListener({
    onRequest(given, headers, endStream) {
      const caller = cors.handle(given, headers);
      if (caller === undefined) return;
      const plan = planOf(headers);
      if (caller.httpVersion < 2 && plan.protocol === "grpc")
        return refuse(caller, plan, needHttp2);
      if (own.handles(plan.path))
        return own.handler(caller, headers, endStream);
      const routing = router.route(plan);
      if ("upstream" in routing)
        forward({ caller, plan, endStream }, routing.upstream);
      else refuse(caller, plan, routing);
    },
  });

  return {
    listen: (address) => listenOn(listener, address),
    settled: () => catalog.settled(),
    get schemas() {
      return catalog.schemas;
    },
    stats: { callers: listener.stats, instances: instanceStats },
    drain() {
      own.drain();
      listener.drain();
    },
    async close(graceMs = 0) {
      own.close();
      await listener.close(graceMs);
      unsubscribe();
      router[Symbol.dispose]();
      catalog.close();
      connections.close();
    },
    async [Symbol.asyncDispose]() {
      await this.close();
    },
  };
}

/** A request that is to be passed on. */
interface Call {
  readonly caller: ServerStream;
  readonly plan: Plan;
  /** It has no body. */
  readonly endStream: boolean;
}

function createForward(connections: Connections, logger: Logger) {
  const onFailure = ({ instance }: Upstream, reason: string) => {
    const { id, name, address } = instance;
    logger.warn({ id, name, address, reason }, "instance failed a call");
  };
  return (call: Call, target: Upstream) => {
    const { caller, plan, endStream } = call;
    const relay = new Relay({ caller, plan, target, onFailure });
    const upstream = connections.request(
      target.instance.address,
      plan.upstreamHeaders,
      endStream,
      relay,
    );
    if (upstream === undefined) relay.fail("it takes no more calls");
    else relay.start(upstream);
  };
}

/** A reason to forward nothing. */
type Refusal = Extract<Routing, { error: ConnectError }>;

const needHttp2: Refusal = {
  error: new ConnectError("gRPC needs HTTP/2", statusOf.httpVersion.code),
  status: statusOf.httpVersion.status,
};

function refuse(caller: ServerStream, plan: Plan, refusal: Refusal): void {
  // gRPC over HTTP/1.1 has no trailers to say it in: plain HTTP it is.
  const protocol = refusal === needHttp2 ? undefined : plan.protocol;
  const answer = encodeErrorAnswer(refusal.error, protocol, {
    contentType: plan.contentType,
    ...(refusal.status === undefined ? {} : { status: refusal.status }),
  });
  sendAnswer(caller, {
    ...answer,
    headers: { ...answer.headers, ...refusal.headers },
  });
}
