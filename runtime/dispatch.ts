// Looks at each request before Connect does: maps REST paths to their RPCs,
// and refuses what no handler could answer, with a reason, in the caller's
// own protocol.

import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { type Code, ConnectError } from "@connectrpc/connect";
import {
  encodeErrorAnswer,
  parseProtocol,
  type RestRoute,
  statusOf,
} from "../rpc/index.ts";
import type {
  HttpRequest,
  HttpResponse,
  RequestHandler,
} from "../wire/index.ts";
import { sendAnswer } from "./send-answer.ts";

/** What is served, and by whom. */
export interface DispatchOptions {
  readonly methods: ReadonlyMap<string, DescMethod>;
  readonly restRoutes: readonly RestRoute[];
  /** Answers the requests that are let through. */
  readonly handler: RequestHandler;
}

/** Why a request can't be served. */
interface Refusal {
  readonly status: number;
  readonly code: Code;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const { NO_SIDE_EFFECTS } = MethodOptions_IdempotencyLevel;

const CONTENT_TYPES =
  "application/json, application/proto, application/connect+json, application/connect+proto, application/grpc, application/grpc-web";

/**
 * Create the handler in front of Connect's handlers.
 */
export function createDispatch(options: DispatchOptions): RequestHandler {
  const { methods, handler } = options;
  const rest = new Map(options.restRoutes.map((route) => [route.path, route]));
  return (request, response) => {
    const path = pathOf(request);
    const route = rest.get(path);
    const method = methods.get(route?.rpcPath ?? path);
    const refusal =
      method === undefined
        ? unknownPath(path)
        : route === undefined
          ? checkRpc(request, method)
          : checkRest(request, route);
    if (refusal !== undefined) return refuse(request, response, refusal);
    if (route !== undefined) request.url = route.rpcPath;
    handler(request, response);
  };
}

/** The path of a request, without its query. */
export function pathOf(request: HttpRequest): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

/** The method, path and content type of a request. */
export function headOf(request: HttpRequest) {
  return {
    method: request.method ?? "",
    url: request.url ?? "",
    contentType: request.headers["content-type"],
  };
}

function unknownPath(path: string): Refusal {
  return {
    ...statusOf.notFound,
    message: `nothing is served at ${path}: see the methods with buf curl --list-methods`,
  };
}

function checkRpc(
  request: HttpRequest,
  method: DescMethod,
): Refusal | undefined {
  const head = headOf(request);
  const protocol = parseProtocol(head);
  if (protocol === "grpc" && request.httpVersionMajor < 2) {
    return { ...statusOf.httpVersion, message: "gRPC needs HTTP/2" };
  }
  const mayGet = method.idempotency === NO_SIDE_EFFECTS;
  if (head.method !== "POST" && !(head.method === "GET" && mayGet)) {
    const allow = mayGet ? "GET, POST" : "POST";
    return methodNotAllowed(`${method.name} takes ${allow}`, allow);
  }
  // A form for old browsers, which Connect's handlers don't serve.
  const isText = /^application\/grpc-web-text\b/i.test(head.contentType ?? "");
  if (protocol !== undefined && !isText) return undefined;
  if (head.method === "GET") {
    return {
      ...statusOf.notFound,
      message: "a GET needs the query parameters encoding and message",
    };
  }
  return unsupported(head.contentType, CONTENT_TYPES);
}

function checkRest(
  request: HttpRequest,
  route: RestRoute,
): Refusal | undefined {
  const head = headOf(request);
  if (head.method !== route.verb)
    return methodNotAllowed(`${route.path} takes ${route.verb}`, route.verb);
  const json =
    parseProtocol(head) === "connect-unary" &&
    /json/i.test(head.contentType ?? "");
  return json ? undefined : unsupported(head.contentType, "application/json");
}

function methodNotAllowed(message: string, allow: string): Refusal {
  return { ...statusOf.methodNotAllowed, message, headers: { allow } };
}

function unsupported(given: string | undefined, accepted: string): Refusal {
  const what =
    given === undefined ? "no content-type" : `content-type "${given}"`;
  return {
    ...statusOf.unsupportedMediaType,
    message: `${what} is not supported, use ${accepted}`,
    headers: { "accept-post": accepted },
  };
}

function refuse(
  request: HttpRequest,
  response: HttpResponse,
  refusal: Refusal,
): void {
  const { status, code, message, headers } = refusal;
  const head = headOf(request);
  // gRPC over HTTP/1.1 has no trailers to say it in: plain HTTP it is.
  const protocol =
    status === statusOf.httpVersion.status ? undefined : parseProtocol(head);
  const answer = encodeErrorAnswer(new ConnectError(message, code), protocol, {
    contentType: head.contentType,
    status,
  });
  sendAnswer(request, response, {
    ...answer,
    headers: { ...answer.headers, ...headers },
  });
}
