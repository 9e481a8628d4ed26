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
  HeaderBlock,
  RequestHandler,
  ServerStream,
} from "../wire/index.ts";
import { headOf, pathOf, withPath } from "./request-head.ts";
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
  const judge = (headers: HeaderBlock, httpVersion: 1 | 2): Judgement => {
    const path = pathOf(headers);
    const route = rest.get(path);
    const method = methods.get(route?.rpcPath ?? path);
    const refusal =
      method === undefined
        ? unknownPath(path)
        : route === undefined
          ? checkRpc(httpVersion, headers, method)
          : checkRest(headers, route);
    return {
      refusal,
      headers: route === undefined ? headers : withPath(headers, route.rpcPath),
    };
  };
  const key = {};
  return (stream, headers, endStream) => {
    // The blocks of a connection are all of its version.
    const judgement = headers.derive(key, (block) =>
      judge(block, stream.httpVersion),
    );
    if (judgement.refusal === undefined)
      handler(stream, judgement.headers, endStream);
    else refuse(stream, headers, judgement.refusal);
  };
}

/** What is found out once for each header block. */
interface Judgement {
  readonly refusal: Refusal | undefined;
  /** With the path of the RPC, if that of the request is another one. */
  readonly headers: HeaderBlock;
}

function unknownPath(path: string): Refusal {
  return {
    ...statusOf.notFound,
    message: `nothing is served at ${path}: see the methods with buf curl --list-methods`,
  };
}

function checkRpc(
  httpVersion: 1 | 2,
  headers: HeaderBlock,
  method: DescMethod,
): Refusal | undefined {
  const head = headOf(headers);
  const protocol = parseProtocol(head);
  if (protocol === "grpc" && httpVersion === 1) {
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
  headers: HeaderBlock,
  route: RestRoute,
): Refusal | undefined {
  const head = headOf(headers);
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
  stream: ServerStream,
  headers: HeaderBlock,
  refusal: Refusal,
): void {
  const { status, code, message } = refusal;
  const head = headOf(headers);
  // gRPC over HTTP/1.1 has no trailers to say it in: plain HTTP it is.
  const protocol =
    status === statusOf.httpVersion.status ? undefined : parseProtocol(head);
  const answer = encodeErrorAnswer(new ConnectError(message, code), protocol, {
    contentType: head.contentType,
    status,
  });
  sendAnswer(stream, {
    ...answer,
    headers: { ...answer.headers, ...refusal.headers },
  });
}
