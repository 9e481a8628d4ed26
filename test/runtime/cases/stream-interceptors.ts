// Interceptors around calls with streams.

import { create } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createContextKey,
  type Interceptor,
  type StreamResponse,
} from "@connectrpc/connect";
import { CountdownResponseSchema } from "../../../gen/greeter/v1/greeter_pb.ts";
import { type Case, compareSides } from "../support/compare.ts";
import { type Notes, plainHeaders, plainSignal } from "../support/notes.ts";
import { PATHS } from "../support/sides.ts";
import { countdown, STREAMS, toRequest } from "../support/stream-formats.ts";

const key = createContextKey("default");

/** Around a countdown of two. */
const INTERCEPTORS: Record<string, (notes: Notes) => Interceptor> = {
  "that changes messages on their way":
    (notes) => (next) => async (request) => {
      if (!request.stream) return next(request);
      const response = await next({
        ...request,
        message: changed(request.message, notes),
      });
      if (!response.stream) return response;
      const message = changed(response.message, notes);
      return { ...response, message } as StreamResponse;
    },
  "that hands on a copy": () => (next) => (request) => next({ ...request }),
  "that replaces header and trailer": () => (next) => async (request) => ({
    ...(await next(request)),
    header: new Headers({ "x-new": "1" }),
    trailer: new Headers({ "x-new-trailer": "1" }),
  }),
  "that adds to header and trailer": () => (next) => async (request) => {
    request.header.set("x-request", "1");
    request.contextValues.set(key, "set");
    const response = await next(request);
    response.header.set("x-header", "1");
    response.trailer.set("x-trailer", "1");
    return response;
  },
  "that throws before": () => () => async () => {
    throw new ConnectError("no", Code.PermissionDenied, { "x-meta": "1" });
  },
  "that throws after": () => (next) => async (request) => {
    await next(request);
    throw new ConnectError("no", Code.PermissionDenied);
  },
  "that throws an Error": () => () => async () => {
    throw new Error("secret");
  },
  "that answers itself": () => () => async (request) =>
    ({
      ...{ stream: true, service: request.service, method: request.method },
      header: new Headers({ "x-own": "1" }),
      trailer: new Headers({ "x-own-trailer": "1" }),
      message: own(),
    }) as StreamResponse,
  "that looks around": (notes) => (next) => async (request) => {
    notes.add(Object.keys(request).sort(), request.stream, request.url);
    notes.add(request.requestMethod, plainSignal(request.signal));
    notes.add(plainHeaders(request.header));
    const response = await next(request);
    notes.add(Object.keys(response).sort(), response.stream);
    notes.add(plainHeaders(response.header), plainHeaders(response.trailer));
    return response;
  },
};

async function* changed(
  messages: AsyncIterable<object>,
  notes: Notes,
): AsyncGenerator<never> {
  for await (const message of messages) {
    notes.add({ ...message });
    if ("line" in message) message.line = `changed ${message.line}`;
    yield message as never;
  }
}

async function* own() {
  yield create(CountdownResponseSchema, { line: "own" });
}

compareSides("a stream", [
  ...STREAMS.flatMap((format) =>
    Object.entries(INTERCEPTORS).map(
      ([what, make]): Case => ({
        name: `behind an interceptor ${what}, ${format.name}`,
        behave: (notes) => ({
          interceptors: [make(notes)],
          greeter: {
            async *countdown(_request, context) {
              notes.add(context.requestHeader.get("x-request"));
              notes.add(context.values.get(key));
              yield { line: "one" };
              context.responseTrailer.set("x-handler", "1");
              yield { line: "two" };
            },
          },
        }),
        request: toRequest(
          format,
          (it) => ({ path: PATHS.countdown, pieces: [countdown(it, "a")] }),
          2,
        ),
      }),
    ),
  ),
]);
