// What an interceptor may do to a unary call, right or wrong.

import { create } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createContextKey,
  createContextValues,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import {
  HelloRequestSchema,
  HelloResponseSchema,
} from "../../../gen/greeter/v1/greeter_pb.ts";
import { type Notes, plainHeaders, plainSignal } from "./notes.ts";

/** A value that interceptors and handlers hand to each other. */
export const key = createContextKey("default");

/** Calls the next interceptor, or the handler. */
export type Next = (request: UnaryRequest) => Promise<UnaryResponse>;
/** What is between a request and its answer. */
export type Act = (
  next: Next,
  request: UnaryRequest,
  notes: Notes,
) => Promise<unknown>;

const to = (name: string) => create(HelloRequestSchema, { name });

/** By what they do. */
export const ACTS: Record<string, Act> = {
  "does nothing": (next, request) => next(request),
  "notes what it is given": async (next, request, notes) => {
    notes.add(Object.keys(request).sort(), request.stream, request.url);
    notes.add(request.requestMethod, request.method.name);
    notes.add(request.service.typeName, plainHeaders(request.header));
    notes.add({ ...request.message }, plainSignal(request.signal));
    const response = await next(request);
    notes.add(Object.keys(response).sort(), response.stream);
    notes.add({ ...response.message }, response.method.name);
    notes.add(plainHeaders(response.header), plainHeaders(response.trailer));
    notes.add(response.service.typeName, plainSignal(request.signal));
    return response;
  },
  "calls next with a copy": (next, request) => next({ ...request }),
  "adds a request header field": (next, request) => {
    request.header.set("x-one", "intercepted");
    return next(request);
  },
  "replaces the request's header": (next, request) =>
    next({ ...request, header: new Headers({ "x-one": "new" }) }),
  "changes the request's message": (next, request) => {
    Object.assign(request.message, { name: "jane" });
    return next(request);
  },
  "replaces the request's message": (next, request) =>
    next({ ...request, message: to("jane") }),
  "hands on a part of a message": (next, request) =>
    next({ ...request, message: { name: "part" } as never }),
  "replaces the request's signal": (next, request) =>
    next({ ...request, signal: AbortSignal.abort(new Error("own")) }),
  "replaces the values": (next, request) =>
    next({
      ...request,
      contextValues: createContextValues().set(key, "replaced"),
    }),
  "sets a value": (next, request) => {
    request.contextValues.set(key, "set");
    return next(request);
  },
  "replaces the URL": (next, request) =>
    next({ ...request, url: "http://other.example/" }),
  "calls next twice": async (next, request) => {
    await next(request);
    return next(request);
  },
  "changes the answer's message": async (next, request) => {
    const response = await next(request);
    Object.assign(response.message, { greeting: "changed" });
    return response;
  },
  "replaces the answer's message": async (next, request) => ({
    ...(await next(request)),
    message: create(HelloResponseSchema, { greeting: "replaced" }),
  }),
  "answers with a part of a message": async (next, request) => ({
    ...(await next(request)),
    message: { greeting: "part" },
  }),
  "answers with a message of another type": async (next, request) => ({
    ...(await next(request)),
    message: to("john"),
  }),
  "answers with no message": async (next, request) => ({
    ...(await next(request)),
    message: undefined,
  }),
  "adds header fields and trailers": async (next, request) => {
    const response = await next(request);
    response.header.append("x-many", "1");
    response.header.append("x-many", "2");
    response.trailer.set("x-trailer", "1");
    return response;
  },
  "replaces header and trailer": async (next, request) => ({
    ...(await next(request)),
    header: new Headers({ "x-new": "1", "content-type": "text/x-own" }),
    trailer: new Headers({ "x-new-trailer": "1" }),
  }),
  "replaces the header with cookies": async (next, request) => {
    const response = await next(request);
    const header = new Headers(response.header);
    header.append("set-cookie", "a=1");
    header.append("set-cookie", "b=2");
    return { ...response, header };
  },
  "copies header and trailer": async (next, request) => {
    const response = await next(request);
    return {
      ...response,
      header: new Headers(response.header),
      trailer: new Headers(response.trailer),
    };
  },
  "takes header fields away": async (next, request) => {
    const response = await next(request);
    response.header.delete("x-handler");
    response.trailer.delete("x-handler-trailer");
    return response;
  },
  "answers itself": async (_next, request) => ({
    ...{ stream: false, service: request.service, method: request.method },
    header: new Headers({ "x-own": "1" }),
    trailer: new Headers({ "x-own-trailer": "1" }),
    message: create(HelloResponseSchema, { greeting: "own" }),
  }),
  "answers itself, without header and trailer": async (_next, request) => ({
    ...{ stream: false, service: request.service, method: request.method },
    message: create(HelloResponseSchema, { greeting: "own" }),
  }),
  "answers with nothing": async () => undefined,
  "throws before": async () => {
    throw new ConnectError("no", Code.PermissionDenied, { "x-meta": "1" });
  },
  "throws after": async (next, request) => {
    await next(request);
    throw new ConnectError("no", Code.PermissionDenied, { "x-meta": "1" });
  },
  "throws a text": async () => {
    throw "secret";
  },
  "throws an Error after": async (next, request) => {
    await next(request);
    throw new Error("secret");
  },
  "takes its time": async (next, request) => {
    await new Promise(setImmediate);
    const response = await next(request);
    await new Promise(setImmediate);
    return response;
  },
  "makes its handler fail": (next, request) =>
    next({ ...request, message: to("broken") }),
  "notes an error and throws it on": async (next, request, notes) => {
    try {
      return await next({ ...request, message: to("broken") });
    } catch (error) {
      notes.add(error instanceof ConnectError, String(error));
      throw error;
    }
  },
  "throws another error instead": async (next, request) =>
    next({ ...request, message: to("broken") }).catch((error) => {
      throw ConnectError.from(`instead of ${error}`, Code.Aborted);
    }),
  "answers instead of an error": async (next, request) =>
    next({ ...request, message: to("broken") }).catch(() => ({
      ...{ stream: false, service: request.service, method: request.method },
      ...{ header: new Headers(), trailer: new Headers() },
      message: create(HelloResponseSchema, { greeting: "nothing happened" }),
    })),
  "sets header fields of the request after": async (next, request, notes) => {
    const response = await next(request);
    request.header.set("x-one", "too late");
    notes.add(request.header.get("x-one"));
    return response;
  },
};
