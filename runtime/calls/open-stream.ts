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

/** What a stream answers. */
export interface OpenStream {
  readonly messages: AsyncIterator<AnyMessage>;
  /** Call it when the last message was taken. */
  readonly onEnd: () => void;
}

/** Call an implementation behind interceptors, the first one outermost. */
export async function openStream(
  spec: StreamSpec,
  interceptors: readonly Interceptor[],
  context: CallContext,
  input: Messages,
): Promise<OpenStream> {
  if (interceptors.length === 0) {
    const output = await call(spec, input, context);
    return { messages: output[Symbol.asyncIterator](), onEnd() {} };
  }
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
  let next: Next = async (inner) => ({
    stream: true,
    message: await call(spec, inner.message, fork(context, inner)),
    method: spec.method,
    service: context.service,
    header: context.responseHeader,
    trailer: context.responseTrailer,
  });
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
): Promise<Messages> {
  const { output } = spec.method;
  switch (spec.kind) {
    case "server_streaming": {
      const message = await single(input);
      return normalized(output, spec.impl(message, context));
    }
    case "client_streaming":
      return one(create(output, await spec.impl(input, context)));
    case "bidi_streaming":
      return normalized(output, spec.impl(input, context));
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

async function* one(message: AnyMessage): Messages {
  yield message;
}

/** Handlers may yield parts of messages. */
function normalized(
  schema: DescMessage,
  messages: AsyncIterable<Parameters<typeof create>[1]>,
): Messages {
  const complete = (result: IteratorResult<Parameters<typeof create>[1]>) =>
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
