// The service that the runner calls. Each request says how it wants to be
// answered, and each answer tells what was seen of the request.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import type {
  ConnectError,
  ConnectRouter,
  HandlerContext,
  ServiceImpl,
} from "@connectrpc/connect";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  type ConformancePayload,
  ConformancePayloadSchema,
  ConformanceService,
  type Error as ErrorMessage,
  IdempotentUnaryRequestSchema,
  ConformancePayload_RequestInfoSchema as RequestInfoSchema,
  ServerStreamRequestSchema,
  type StreamResponseDefinition,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from "./.cache/gen/connectrpc/conformance/v1/service_pb.ts";
import { addHeaders, toConnectError, toHeaderList } from "./metadata.ts";
import { sleep } from "./sleep.ts";

type RequestInfo = MessageInitShape<typeof RequestInfoSchema>;
type Payload = { payload: ConformancePayload };

// Unimplemented is not there: that is its test.
const service: Omit<ServiceImpl<typeof ConformanceService>, "unimplemented"> = {
  async unary(request, context) {
    const seen = [anyPack(UnaryRequestSchema, request)];
    return { payload: await answer(request.responseDefinition, seen, context) };
  },
  async idempotentUnary(request, context) {
    const seen = [anyPack(IdempotentUnaryRequestSchema, request)];
    return { payload: await answer(request.responseDefinition, seen, context) };
  },
  async clientStream(requests, context) {
    const seen: Any[] = [];
    let definition: UnaryResponseDefinition | undefined;
    for await (const request of requests) {
      if (seen.length === 0) definition = request.responseDefinition;
      seen.push(anyPack(ClientStreamRequestSchema, request));
    }
    return { payload: await answer(definition, seen, context) };
  },
  async *serverStream(request, context) {
    const seen = [anyPack(ServerStreamRequestSchema, request)];
    const answers = new Answers(request.responseDefinition, context);
    yield* answers.rest(seen);
  },
  async *bidiStream(requests, context) {
    let seen: Any[] = [];
    let answers: Answers | undefined;
    let isFullDuplex = false;
    for await (const request of requests) {
      seen.push(anyPack(BidiStreamRequestSchema, request));
      if (answers === undefined) {
        answers = new Answers(request.responseDefinition, context);
        isFullDuplex = request.fullDuplex;
      }
      if (!isFullDuplex) continue;
      if (!answers.hasNext) break;
      yield await answers.next(seen);
      seen = [];
    }
    if (answers !== undefined) yield* answers.rest(seen);
  },
};

/**
 * Define the service.
 */
export function conformanceRoutes(router: ConnectRouter): void {
  router.service(ConformanceService, service);
}

/** The only answer of a call. */
async function answer(
  definition: UnaryResponseDefinition | undefined,
  seen: Any[],
  context: HandlerContext,
): Promise<ConformancePayload> {
  addHeaders(context.responseHeader, definition?.responseHeaders);
  addHeaders(context.responseTrailer, definition?.responseTrailers);
  const requestInfo = describe(seen, context);
  await sleep(definition?.responseDelayMs ?? 0, context.signal);
  const response = definition?.response;
  if (response?.case === "error") throw withInfo(response.value, requestInfo);
  const data =
    response?.case === "responseData" ? response.value : new Uint8Array();
  return create(ConformancePayloadSchema, { data, requestInfo });
}

/** The answers of a stream, one after the other. */
class Answers {
  readonly #definition: StreamResponseDefinition | undefined;
  readonly #context: HandlerContext;
  #sent = 0;

  constructor(
    definition: StreamResponseDefinition | undefined,
    context: HandlerContext,
  ) {
    this.#definition = definition;
    this.#context = context;
    addHeaders(context.responseHeader, definition?.responseHeaders);
    addHeaders(context.responseTrailer, definition?.responseTrailers);
  }

  get hasNext(): boolean {
    return this.#sent < (this.#definition?.responseData.length ?? 0);
  }

  /** The next one; `seen` are the requests since the one before. */
  async next(seen: Any[]): Promise<Payload> {
    const data = this.#definition?.responseData[this.#sent] ?? new Uint8Array();
    const requestInfo = this.#describe(seen);
    this.#sent++;
    await sleep(this.#definition?.responseDelayMs ?? 0, this.#context.signal);
    const payload = create(ConformancePayloadSchema, {
      data,
      ...(requestInfo && { requestInfo }),
    });
    return { payload };
  }

  /** What is left of them, and the error if there is to be one. */
  async *rest(seen: Any[]): AsyncGenerator<Payload> {
    for (let left = seen; this.hasNext; left = []) yield await this.next(left);
    const error = this.#definition?.error;
    if (error === undefined) return;
    throw this.#sent === 0
      ? withInfo(error, describe(seen, this.#context))
      : toConnectError(error);
  }

  /** The first one tells everything, the others what is new. */
  #describe(seen: Any[]): RequestInfo | undefined {
    if (this.#sent === 0) return describe(seen, this.#context);
    return seen.length > 0 ? { requests: seen } : undefined;
  }
}

/** What was seen of a call. */
function describe(requests: Any[], context: HandlerContext): RequestInfo {
  const timeoutMs = context.timeoutMs();
  return {
    requestHeaders: toHeaderList(context.requestHeader),
    requests,
    ...(timeoutMs !== undefined && {
      timeoutMs: BigInt(Math.trunc(timeoutMs)),
    }),
    ...(context.requestMethod === "GET" && {
      connectGetInfo: { queryParams: queryOf(context.url) },
    }),
  };
}

function queryOf(url: string) {
  const { searchParams } = new URL(url);
  return Array.from(new Set(searchParams.keys()), (name) => ({
    name,
    value: searchParams.getAll(name),
  }));
}

function withInfo(definition: ErrorMessage, info: RequestInfo): ConnectError {
  const error = toConnectError(definition);
  error.details.push({ desc: RequestInfoSchema, value: info });
  return error;
}
