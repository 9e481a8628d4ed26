// Calls the implementation of a streaming method, behind its interceptors, as
// Connect does.

import {
  create,
  type DescMessage,
  type MessageShape,
} from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type HandlerContext,
  type Interceptor,
  type StreamRequest,
  type StreamResponse,
} from "@connectrpc/connect";
import type { CallContext } from "./call-context.ts";
import type { StreamSpec } from "./call-routes.ts";
import { fork, replace } from "./interceptors.ts";

type AnyMessage = MessageShape<DescMessage>;
type Messages = AsyncIterable<AnyMessage>;
type Next = (request: StreamRequest) => Promise<StreamResponse>;

/** A message, or what one is made of. */
type Part = Parameters<typeof create>[1];

/** What a stream answers. */
export interface OpenStream {
  /** What a handler yields is made messages by whoever takes it. */
  readonly messages: AsyncIterator<AnyMessage | Part>;
  /** Call it when the last message was taken. */
  readonly onEnd: () => void;
}

/**
 * Call an implementation behind interceptors, the first one outermost. What it
 * yields is made messages before interceptors see it.
 */
export async function openStream(
  spec: StreamSpec,
  interceptors: readonly Interceptor[],
  context: CallContext,
  input: Messages,
): Promise<OpenStream> {
  if (interceptors.length === 0) {
    const parts = await call(spec, input, context);
    return { messages: parts[Symbol.asyncIterator](), onEnd() {} };
  }
  const { output } = spec.method;
  const request: StreamRequest = {
    stream: true,
    message: input,
    method: spec.method,
    requestMethod: context.requestMethod,
    url: context.url,
    signal: context.signal,
    header: context.requestHeader,
    service: context.service,
    contextValues: context.values,
  };
  let next: Next = async (inner) => {
    const parts = await call(spec, inner.message, fork(context, inner));
    return {
      stream: true,
      message: normalized(output, parts),
      method: spec.method,
      service: context.service,
      header: context.responseHeader,
      trailer: context.responseTrailer,
    };
  };
  for (const interceptor of interceptors.toReversed())
    next = interceptor(next as never) as unknown as Next;
  const response = await next(request);
  replace(context.responseHeader, response.header);
  return {
    messages: response.message[Symbol.asyncIterator](),
    onEnd: () => replace(context.responseTrailer, response.trailer),
  };
}

async function call(
  spec: StreamSpec,
  input: Messages,
  context: HandlerContext,
): Promise<AsyncIterable<Part>> {
  switch (spec.kind) {
    case "server_streaming":
      return spec.impl(await single(input), context);
    case "client_streaming":
      return one(await spec.impl(input, context));
    case "bidi_streaming":
      return spec.impl(input, context);
  }
}

async function single(input: Messages): Promise<AnyMessage> {
  const iterator = input[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true)
    throw protocolError("missing input message for server-streaming method");
  const second = await iterator.next();
  if (second.done !== true)
    throw protocolError(
      "received extra input message for server-streaming method",
    );
  return first.value;
}

function protocolError(what: string): ConnectError {
  return new ConnectError(`protocol error: ${what}`, Code.Unimplemented);
}

async function* one(part: Part): AsyncIterable<Part> {
  yield part;
}

/** Handlers may yield parts of messages. */
function normalized(
  schema: DescMessage,
  messages: AsyncIterable<Part>,
): Messages {
  const complete = (result: IteratorResult<Part>) =>
    result.done === true
      ? (result as IteratorReturnResult<undefined>)
      : { done: false as const, value: create(schema, result.value) };
  return {
    [Symbol.asyncIterator]() {
      const iterator = messages[Symbol.asyncIterator]();
      return {
        next: async () => complete(await iterator.next()),
        ...(iterator.throw && {
          throw: async (reason: unknown) =>
            complete(await (iterator.throw?.(reason) ?? OVER)),
        }),
        ...(iterator.return && {
          return: async (value?: unknown) =>
            complete(await (iterator.return?.(value) ?? OVER)),
        }),
      };
    },
  };
}

const OVER = { done: true as const, value: undefined };
