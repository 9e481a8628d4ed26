// Runs a unary handler behind its interceptors, as Connect does. Only the signal
// of a request, which may take a timer, is made when somebody looks at it.

import {
  create,
  type DescMessage,
  type MessageShape,
} from "@bufbuild/protobuf";
import type {
  ContextValues,
  HandlerContext,
  StreamRequest,
  UnaryRequest,
  UnaryResponse,
} from "@connectrpc/connect";
import type { CallContext } from "./call-context.ts";
import type { UnarySpec } from "./call-routes.ts";

type AnyMessage = MessageShape<DescMessage>;
type Next = (request: UnaryRequest) => Promise<UnaryResponse>;
type Interceptors = readonly ((next: Next) => Next)[];

/** What interceptors see of a request. */
class CallRequest implements UnaryRequest {
  readonly stream = false;
  readonly method: UnarySpec["method"];
  readonly service: UnaryRequest["service"];
  readonly requestMethod: string;
  readonly url: string;
  readonly header: Headers;
  readonly contextValues: ContextValues;
  readonly message: AnyMessage;
  declare readonly signal: AbortSignal;
  readonly #context: CallContext;

  constructor(spec: UnarySpec, context: CallContext, message: AnyMessage) {
    this.method = spec.method;
    this.service = context.service;
    this.requestMethod = context.requestMethod;
    this.url = context.url;
    this.header = context.requestHeader;
    this.contextValues = context.values;
    this.message = message;
    this.#context = context;
    Object.defineProperty(this, "signal", CallRequest.#signal);
  }

  /** Made when it is asked for; a property of each request, for copies. */
  static readonly #signal: PropertyDescriptor = {
    get(this: CallRequest) {
      return this.#context.signal;
    },
    enumerable: true,
    configurable: true,
  };
}

/**
 * Call an implementation behind interceptors, the first one outermost. What
 * they do to the response's header and trailers ends up in the context.
 */
export async function callThrough(
  spec: UnarySpec,
  interceptors: Interceptors,
  context: CallContext,
  message: AnyMessage,
): Promise<AnyMessage> {
  const request = new CallRequest(spec, context, message);
  let next: Next = async (inner) => {
    const itsContext = inner === request ? context : fork(context, inner);
    return {
      stream: false,
      method: spec.method,
      service: context.service,
      message: create(
        spec.method.output,
        await spec.impl(inner.message, itsContext),
      ),
      header: context.responseHeader,
      trailer: context.responseTrailer,
    };
  };
  for (let i = interceptors.length - 1; i >= 0; i--)
    next = (interceptors[i] as Interceptors[number])(next);
  const response = await next(request);
  replace(context.responseHeader, response.header);
  replace(context.responseTrailer, response.trailer);
  return response.message;
}

/** The context for a request that an interceptor made. */
export function fork(
  context: CallContext,
  request: UnaryRequest | StreamRequest,
): HandlerContext {
  return {
    method: context.method,
    service: request.service,
    requestMethod: context.requestMethod,
    protocolName: context.protocolName,
    url: context.url,
    requestHeader: request.header,
    responseHeader: context.responseHeader,
    responseTrailer: context.responseTrailer,
    timeoutMs: context.timeoutMs,
    values: request.contextValues,
    signal: request.signal,
  };
}

/** Make headers what others are, in the way that Connect does. */
export function replace(headers: Headers, others: Headers): void {
  if (headers === others) return;
  // Every second one stays: what is deleted shifts those that follow.
  headers.forEach((_, name) => {
    headers.delete(name);
  });
  for (const [name, value] of others) headers.set(name, value);
}
