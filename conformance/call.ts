// One call, as the runner describes it: what is sent and when, when it is
// cancelled, and what was seen of the answer.

import {
  create,
  type DescMessage,
  type Message,
  type MessageShape,
} from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import {
  type CallOptions,
  type Client,
  ConnectError,
  createClient,
  type Transport,
} from "@connectrpc/connect";
import {
  type ClientCompatRequest,
  type ClientResponseResult,
  ClientResponseResultSchema,
} from "./.cache/gen/connectrpc/conformance/v1/client_compat_pb.ts";
import { StreamType } from "./.cache/gen/connectrpc/conformance/v1/config_pb.ts";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  type ConformancePayload,
  ConformancePayloadSchema,
  ConformanceService,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  UnaryRequestSchema,
  UnimplementedRequestSchema,
} from "./.cache/gen/connectrpc/conformance/v1/service_pb.ts";
import { addHeaders, toErrorMessage, toHeaderList } from "./metadata.ts";
import { sleep } from "./sleep.ts";

/** Every answer has a payload, but that of the method that nobody implements. */
type Answer = Message & { readonly payload?: ConformancePayload | undefined };

/**
 * Make a call. Resolves with what came of it, an error included; rejects if
 * it can't be made as told.
 */
export async function callAsTold(
  transport: Transport,
  request: ClientCompatRequest,
): Promise<ClientResponseResult> {
  const call = new Call(request);
  const client = createClient(ConformanceService, transport);
  try {
    await call.run(client);
  } catch (error) {
    // The runner would take a mistake of ours for an error of the call.
    if (error instanceof Mistake) throw error;
    call.fail(ConnectError.from(error));
  }
  return call.result;
}

/** The call can't be made as told. */
class Mistake extends Error {}

class Call {
  readonly #request: ClientCompatRequest;
  readonly #cancel = new AbortController();
  readonly #options: CallOptions;
  readonly #payloads: ConformancePayload[] = [];
  #headers: Headers | undefined;
  #trailers: Headers | undefined;
  #error: ConnectError | undefined;
  #sent = 0;
  #isOver = false;
  /** Something was received: full-duplex calls wait for it. */
  #received = Promise.withResolvers<void>();

  constructor(request: ClientCompatRequest) {
    const { timeoutMs } = request;
    const headers = new Headers();
    addHeaders(headers, request.requestHeaders);
    this.#request = request;
    this.#options = {
      headers,
      signal: this.#cancel.signal,
      onHeader: (headers) => {
        this.#headers = headers;
      },
      onTrailer: (trailers) => {
        this.#trailers = trailers;
      },
      ...(timeoutMs !== undefined && { timeoutMs }),
    };
  }

  /** Make it. Rejects with its error, if it ends in one. */
  async run(client: Client<typeof ConformanceService>): Promise<void> {
    const { method } = this.#request;
    const options = this.#options;
    switch (method) {
      case "Unary":
        return this.#unary(UnaryRequestSchema, client.unary);
      case "IdempotentUnary":
        return this.#unary(
          IdempotentUnaryRequestSchema,
          client.idempotentUnary,
        );
      case "Unimplemented":
        return this.#unary(UnimplementedRequestSchema, client.unimplemented);
      case "ServerStream": {
        const message = this.#message(ServerStreamRequestSchema);
        const answers = client.serverStream(message, options);
        this.#onAllSent();
        return this.#receiveAll(answers);
      }
      case "ClientStream": {
        const messages = this.#messages(ClientStreamRequestSchema);
        const answer = client.clientStream(this.#send(messages), options);
        return this.#receive(await answer);
      }
      case "BidiStream": {
        const messages = this.#messages(BidiStreamRequestSchema);
        const answers = client.bidiStream(this.#send(messages), options);
        return this.#receiveAll(answers);
      }
      default:
        throw new Mistake(`there is no method "${method}"`);
    }
  }

  /** It ended in an error. */
  fail(error: ConnectError): void {
    this.#error = error;
  }

  get result(): ClientResponseResult {
    // An error doesn't tell headers from trailers: both are its metadata.
    const metadata = this.#error?.metadata ?? new Headers();
    return create(ClientResponseResultSchema, {
      responseHeaders: toHeaderList(this.#headers ?? metadata),
      responseTrailers: toHeaderList(this.#trailers ?? metadata),
      payloads: this.#payloads,
      numUnsentRequests: this.#request.requestMessages.length - this.#sent,
      ...(this.#error && { error: toErrorMessage(this.#error) }),
    });
  }

  async #unary<Desc extends DescMessage>(
    schema: Desc,
    call: (
      message: MessageShape<Desc>,
      options: CallOptions,
    ) => Promise<Answer>,
  ): Promise<void> {
    const answer = call(this.#message(schema), this.#options);
    this.#onAllSent();
    this.#receive(await answer);
  }

  async *#send<T>(messages: readonly T[]): AsyncGenerator<T> {
    const { requestDelayMs, streamType, cancel } = this.#request;
    const isFullDuplex = streamType === StreamType.FULL_DUPLEX_BIDI_STREAM;
    for (const message of messages) {
      await sleep(requestDelayMs, this.#cancel.signal);
      this.#sent++;
      yield message;
      while (isFullDuplex && this.#payloads.length < this.#sent) {
        if (this.#isOver) return;
        await this.#received.promise;
      }
    }
    if (cancel?.cancelTiming.case === "beforeCloseSend") this.#cancel.abort();
    this.#onAllSent();
  }

  /** The request was sent to its end: this may be the time to cancel. */
  #onAllSent(): void {
    const { cancel } = this.#request;
    if (cancel === undefined) return;
    const { case: kind, value } = cancel.cancelTiming;
    if (kind !== undefined && kind !== "afterCloseSendMs") return;
    setTimeout(() => this.#cancel.abort(), value ?? 0);
  }

  async #receiveAll(answers: AsyncIterable<Answer>): Promise<void> {
    try {
      for await (const answer of answers) this.#receive(answer);
    } finally {
      this.#isOver = true;
      this.#received.resolve();
    }
  }

  #receive(answer: Answer): void {
    this.#payloads.push(answer.payload ?? create(ConformancePayloadSchema));
    this.#received.resolve();
    this.#received = Promise.withResolvers();
    const timing = this.#request.cancel?.cancelTiming;
    if (timing?.case !== "afterNumResponses") return;
    if (timing.value === this.#payloads.length) this.#cancel.abort();
  }

  #message<Desc extends DescMessage>(schema: Desc): MessageShape<Desc> {
    const [message, ...more] = this.#messages(schema);
    if (message !== undefined && more.length === 0) {
      this.#sent++;
      return message;
    }
    throw new Mistake("exactly one request message was to be expected");
  }

  #messages<Desc extends DescMessage>(schema: Desc): MessageShape<Desc>[] {
    return this.#request.requestMessages.map((any) => {
      const message = anyUnpack(any, schema);
      if (message !== undefined) return message;
      throw new Mistake(`${any.typeUrl} is not ${schema.typeName}`);
    });
  }
}
