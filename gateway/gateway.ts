// The front door: takes calls on one port and forwards each to a live
// instance of the service it is for.

import type { ClientHttp2Stream } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Address, errorMessage } from "../core/index.ts";
import type { Directory } from "../mesh/registry/index.ts";
import {
  encodeErrorAnswer,
  parseProtocol,
  type Schema,
  statusOf,
} from "../rpc/index.ts";
import {
  headOf,
  type Logger,
  listenOn,
  pathOf,
  sendAnswer,
} from "../runtime/index.ts";
import {
  createOnePortServer,
  type HttpRequest,
  type HttpResponse,
} from "../wire/index.ts";
import { type Connections, createConnections } from "./connections.ts";
import { createCors } from "./cors.ts";
import { toUpstreamHeaders } from "./headers.ts";
import { createOwnServices } from "./own-services.ts";
import { hasBody, relay } from "./relay.ts";
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

  /** Say that the gateway is about to leave: health is NOT_SERVING. Serves on. */
  drain(): void;

  /**
   * Refuse new connections, tell callers to go, let calls in flight finish.
   * What is left after `graceMs` (default 0) is cut off.
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * Create a gateway. It listens when told to.
 */
export function createGateway(options: GatewayOptions): Gateway {
  const { directory, logger } = options;
  const catalog = createSchemaCatalog(logger);
  const router = createRouter(directory, catalog);
  const connections = createConnections();
  const cors = createCors(options.corsOrigins ?? []);
  const own = createOwnServices(directory, catalog);
  const unsubscribe = directory.subscribe((snapshot) => {
    catalog.update(snapshot);
    connections.update(snapshot);
  });

  const forward = createForward(connections, logger);
  const server = createOnePortServer({
    onRequest(request, response) {
      if (cors.handle(request, response)) return;
      if (isGrpcOverHttp1(request)) return refuse(request, response, needHttp2);
      const path = pathOf(request);
      if (own.handles(path)) return own.handler(request, response);
      const routing = router.route({ method: request.method ?? "", path });
      if ("upstream" in routing) forward(request, response, routing.upstream);
      else refuse(request, response, routing);
    },
  });

  return {
    listen: (address) => listenOn(server, address),
    settled: () => catalog.settled(),
    get schemas() {
      return catalog.schemas;
    },
    drain() {
      own.drain();
      server.drain();
    },
    async close(graceMs = 0) {
      own.close();
      await server.close(graceMs);
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

function createForward(connections: Connections, logger: Logger) {
  return (request: HttpRequest, response: HttpResponse, upstream: Upstream) => {
    const { id, name, address } = upstream.instance;
    const headers = toUpstreamHeaders(request);
    let stream: ClientHttp2Stream;
    try {
      stream = connections.request(address, headers, !hasBody(request));
    } catch (cause) {
      // HTTP/1.1 let something through that Node won't send over HTTP/2.
      const message = `the request's header fields can't be passed on: ${errorMessage(cause)}`;
      const error = new ConnectError(message, Code.InvalidArgument);
      return refuse(request, response, { error });
    }
    upstream.inFlight++;
    stream.once("close", () => upstream.inFlight--);
    relay({
      request,
      response,
      upstream: stream,
      instanceName: `instance ${id} of ${name}`,
      onFailure: (reason) =>
        logger.warn({ id, name, address, reason }, "instance failed a call"),
    });
  };
}

/** A reason to forward nothing. */
type Refusal = Extract<Routing, { error: ConnectError }>;

const needHttp2: Refusal = {
  error: new ConnectError("gRPC needs HTTP/2", statusOf.httpVersion.code),
  status: statusOf.httpVersion.status,
};

function isGrpcOverHttp1(request: HttpRequest): boolean {
  return (
    request.httpVersionMajor < 2 && parseProtocol(headOf(request)) === "grpc"
  );
}

function refuse(
  request: HttpRequest,
  response: HttpResponse,
  refusal: Refusal,
): void {
  const head = headOf(request);
  // gRPC over HTTP/1.1 has no trailers to say it in: plain HTTP it is.
  const protocol = refusal === needHttp2 ? undefined : parseProtocol(head);
  const answer = encodeErrorAnswer(refusal.error, protocol, {
    contentType: head.contentType,
    ...(refusal.status === undefined ? {} : { status: refusal.status }),
  });
  sendAnswer(request, response, {
    ...answer,
    headers: { ...answer.headers, ...refusal.headers },
  });
}
