// A call of a streaming method, message by message, with back-pressure both
// ways.

import { create } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import { createEndStreamSerialization } from "@connectrpc/connect/protocol-connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import type {
  HeaderBlock,
  ServerStream,
  ServerStreamHandler,
} from "../../wire/index.ts";
import { createAnswerHead } from "../answer-head.ts";
import { closeReason } from "../close-reason.ts";
import {
  EnvelopeFlag,
  okHead,
  toCallError,
  trailerBytesOf,
  trailersOf,
  writeEnvelope,
} from "./answers.ts";
import { CallContext } from "./call-context.ts";
import { type CallPlan, deadlineOf } from "./call-plan.ts";
import type { StreamSpec } from "./call-routes.ts";
import { type OpenStream, openStream } from "./open-stream.ts";
import { RequestMessages } from "./request-messages.ts";

const END_FLAGS = {
  grpc: 0,
  "grpc-web": EnvelopeFlag.grpcWebTrailers,
  connect: EnvelopeFlag.connectEnd,
} as const;

/**
 * A call under way; the handler of its stream.
 */
export class StreamCall implements ServerStreamHandler {
  readonly #stream: ServerStream;
  readonly #plan: CallPlan;
  readonly #context: CallContext;
  readonly #messages: RequestMessages;
  /** Why the caller is gone. */
  #goneReason: Error | undefined;
  /** What the caller is told at the end. */
  #error: ReturnType<typeof toCallError> | undefined;
  /** Called when everything that was written has left, or never will. */
  #onAllSent: (() => void) | undefined;

  constructor(stream: ServerStream, headers: HeaderBlock, plan: CallPlan) {
    const { route, protocol } = plan;
    const { readMaxBytes, shutdownSignal } = route.options;
    this.#stream = stream;
    this.#plan = plan;
    this.#context = new CallContext({
      ...{ method: route.spec.method, protocol, headers },
      deadline: deadlineOf(plan),
      compression: plan.responseCompression?.name,
      shutdownSignal,
    });
    this.#messages = new RequestMessages({
      stream,
      parse: route.serialization.getI(protocol.isBinary).parse,
      compression: plan.requestCompression,
      readMaxBytes,
      endFlag: END_FLAGS[protocol.name],
    });
  }

  onData(_: ServerStream, data: Buffer, endStream: boolean): void {
    this.#messages.push(data);
    if (endStream) this.#messages.complete();
  }

  /** Requests of RPC protocols have no trailers: whatever they say is ignored. */
  onTrailers(): void {
    this.#messages.complete();
  }

  /** No more comes. */
  complete(): void {
    this.#messages.complete();
  }

  onSent(stream: ServerStream): void {
    if (stream.queuedBytes === 0) this.#onAllSent?.();
  }

  onClose(stream: ServerStream, code: number): void {
    if (stream.closedBy === "end") return;
    const reason = closeReason(stream, code);
    this.#goneReason = reason;
    this.#messages.fail(reason);
    this.#context.end(reason);
    this.#onAllSent?.();
  }

  /** Run the call to its end. Rejects if the answer can't be sent. */
  async run(): Promise<void> {
    const context = this.#context;
    const { interceptors } = this.#plan.route.options;
    this.#stream.hold();
    try {
      const open = await openStream(
        this.#plan.route.spec as StreamSpec,
        interceptors as readonly Interceptor[],
        context,
        this.#messages,
      );
      await this.#sendAll(open);
      context.end();
    } catch (thrown) {
      context.end(thrown);
      if (this.#goneReason === undefined) this.#error = toCallError(thrown);
    } finally {
      this.#messages.discard();
    }
    try {
      if (this.#goneReason === undefined) await this.#sendEnd();
    } finally {
      this.#stream.release();
    }
  }

  async #sendAll({ messages, onEnd }: OpenStream): Promise<void> {
    for (;;) {
      const { done, value } = await messages.next();
      if (done === true) break;
      try {
        const sent = this.#send(value);
        if (sent !== undefined) await sent;
      } catch (reason) {
        // Whoever makes the messages waits at the last one. A no-op if it has
        // ended.
        const last = await messages.throw?.(reason);
        // It caught that and goes on: nobody asks for more.
        if (last?.done !== true) await messages.return?.();
        throw reason;
      }
    }
    onEnd();
  }

  #send(part: OpenStreamPart): Promise<void> | undefined {
    if (this.#goneReason !== undefined) throw this.#goneReason;
    const { route, protocol, responseCompression } = this.#plan;
    // What interceptors answer is taken as it is.
    const message =
      route.options.interceptors.length === 0
        ? create(route.spec.method.output, part)
        : (part as Parameters<Serialize>[0]);
    const bytes = route.serialization
      .getO(protocol.isBinary)
      .serialize(message);
    const isSmall = bytes.length < route.options.compressMinBytes;
    if (responseCompression !== null && !isSmall)
      return responseCompression
        .compress(bytes)
        .then((small) => this.#write(EnvelopeFlag.compressed, small));
    return this.#write(EnvelopeFlag.none, bytes);
  }

  #write(flags: number, bytes: Uint8Array): Promise<void> | undefined {
    const stream = this.#stream;
    this.#respond();
    writeEnvelope(stream, flags, bytes);
    return stream.queuedBytes > 0 ? this.#allSent() : undefined;
  }

  /** With the first message or at the end: until then fields may be added. */
  #respond(): void {
    if (this.#stream.headersSent) return;
    const context = this.#context;
    const { protocol, responseCompression } = this.#plan;
    this.#stream.respond(
      context.hasPristineHeader
        ? okHead(protocol, responseCompression?.name, -1)
        : createAnswerHead(200, context.responseHeader),
    );
  }

  async #sendEnd(): Promise<void> {
    const stream = this.#stream;
    const context = this.#context;
    const { protocol, route, responseCompression } = this.#plan;
    if (protocol.name !== "connect" && this.#error !== undefined)
      setTrailerStatus(context.responseTrailer, this.#error);
    this.#respond();
    if (protocol.name === "grpc") {
      stream.end(trailersOf(context));
      return;
    }
    let flags: number = END_FLAGS[protocol.name];
    let bytes =
      protocol.name === "grpc-web"
        ? trailerBytesOf(context)
        : this.#connectEnd();
    const { compressMinBytes } = route.options;
    if (responseCompression !== null && bytes.length >= compressMinBytes) {
      bytes = await responseCompression.compress(bytes);
      flags |= EnvelopeFlag.compressed;
    }
    writeEnvelope(stream, flags, bytes);
    stream.end();
  }

  #connectEnd(): Uint8Array {
    const { jsonOptions } = this.#plan.route.options;
    const error = this.#error;
    return createEndStreamSerialization(jsonOptions).serialize({
      metadata: this.#context.responseTrailer,
      ...(error && { error }),
    });
  }

  #allSent(): Promise<void> {
    return new Promise((resolve) => {
      this.#onAllSent = resolve;
    });
  }
}

type OpenStreamPart = Parameters<typeof create>[1];

type Serialize = ReturnType<
  CallPlan["route"]["serialization"]["getO"]
>["serialize"];
