// A unary call that goes the usual way: one message comes, a handler answers
// it, one message goes. Nothing is made for it that isn't asked for.
//
// Whatever is unusual about a request is left to Connect's own handlers, with
// all that has come so far: they know best what to say about it.

import { create } from "@bufbuild/protobuf";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import type {
  HeaderBlock,
  ServerStream,
  ServerStreamHandler,
} from "../../wire/index.ts";
import { createAnswerHead } from "../answer-head.ts";
import { closeReason } from "../close-reason.ts";
import {
  ENVELOPE_BYTES,
  EnvelopeFlag,
  okHead,
  toCallError,
  toErrorAnswer,
  trailerBytesOf,
  trailersOf,
  unaryHeader,
  writeEnvelope,
} from "./answers.ts";
import { CallContext } from "./call-context.ts";
import type { CallPlan } from "./call-plan.ts";
import type { UnarySpec } from "./call-routes.ts";
import { callThrough } from "./interceptors.ts";
import { MessageBuffer } from "./message-buffer.ts";

/** What else may become of a call. */
export interface UnaryCallExits {
  /**
   * Connect is to answer it. `body` has come so far and was consumed; it may be
   * overwritten afterwards.
   */
  hand(body: Buffer, isComplete: boolean): void;
  /** The answer can't be sent: say so, in whatever way is left. */
  fail(): void;
}

const NOTHING = Buffer.alloc(0);

/**
 * A unary call under way; the handler of its stream.
 */
export class UnaryCall implements ServerStreamHandler {
  readonly #stream: ServerStream;
  readonly #headers: HeaderBlock;
  readonly #plan: CallPlan;
  readonly #shutdownSignal: AbortSignal | undefined;
  readonly #exits: UnaryCallExits;
  /** What came, if it didn't come at once. */
  #buffer: MessageBuffer | undefined;
  #context: CallContext | undefined;
  /** Why the caller is gone. */
  #goneReason: Error | undefined;

  constructor(
    stream: ServerStream,
    headers: HeaderBlock,
    plan: CallPlan,
    exits: UnaryCallExits,
  ) {
    this.#stream = stream;
    this.#headers = headers;
    this.#plan = plan;
    this.#shutdownSignal = plan.route.options.shutdownSignal;
    this.#exits = exits;
  }

  onData(stream: ServerStream, data: Buffer, endStream: boolean) {
    // Answered, or handed on: what still comes is nobody's.
    stream.consume(data.length);
    if (endStream && this.#buffer === undefined) return this.#onBody(data);
    this.#buffer ??= new MessageBuffer();
    this.#buffer.add(data, this.#expectedBytes(data));
    const { bytes } = this.#buffer;
    if (endStream) this.#onBody(bytes);
    else if (this.#expectedBytes(bytes) > this.#maxBodyBytes)
      this.#exits.hand(bytes, false);
  }

  /** Requests of RPC protocols have no trailers: whatever they say is ignored. */
  onTrailers() {
    this.complete();
  }

  /** No more comes. */
  complete() {
    this.#onBody(this.#buffer?.bytes ?? NOTHING);
  }

  onSent(): void {}

  onClose(stream: ServerStream, code: number) {
    if (stream.closedBy === "end") return;
    this.#goneReason = closeReason(stream, code);
    this.#context?.end(this.#goneReason);
  }

  get #maxBodyBytes(): number {
    const { protocol, route } = this.#plan;
    const { readMaxBytes } = route.options;
    return protocol.isEnveloped ? readMaxBytes + ENVELOPE_BYTES : readMaxBytes;
  }

  /** How long the whole body is that begins so, as far as one can tell. */
  #expectedBytes(begin: Buffer): number {
    const { protocol, contentLength } = this.#plan;
    if (!protocol.isEnveloped) return Math.max(contentLength, begin.length);
    if (begin.length < ENVELOPE_BYTES) return begin.length;
    return Math.max(ENVELOPE_BYTES + begin.readUInt32BE(1), begin.length);
  }

  /** The body is complete. */
  #onBody(body: Buffer) {
    const message = this.#messageIn(body);
    if (message === undefined) return this.#exits.hand(body, true);
    const { route, protocol } = this.#plan;
    let input: ReturnType<ReturnType<typeof route.serialization.getI>["parse"]>;
    try {
      input = route.serialization.getI(protocol.isBinary).parse(message);
    } catch {
      // Connect finds out the same, and says it in its own words.
      return this.#exits.hand(body, true);
    }
    this.#invoke(route.unary as UnarySpec, input);
  }

  /** The one message of a body; undefined if it isn't one, plain and whole. */
  #messageIn(body: Buffer): Uint8Array | undefined {
    if (body.length > this.#maxBodyBytes) return undefined;
    // A copy: fields of bytes are views of what they are parsed from.
    if (!this.#plan.protocol.isEnveloped) return this.#own(body, 0);
    const isWhole =
      body.length >= ENVELOPE_BYTES &&
      body[0] === EnvelopeFlag.none &&
      body.readUInt32BE(1) === body.length - ENVELOPE_BYTES;
    return isWhole ? this.#own(body, ENVELOPE_BYTES) : undefined;
  }

  #own(body: Buffer, start: number): Uint8Array {
    const part = body.subarray(start);
    return this.#buffer === undefined ? Buffer.from(part) : part;
  }

  #invoke(spec: UnarySpec, input: Parameters<UnarySpec["impl"]>[0]) {
    const { route, protocol, timeoutMs, responseCompression } = this.#plan;
    // A caller who resets its streams must not start more work than one who
    // waits for the answers.
    this.#stream.hold();
    const context = new CallContext({
      ...{ method: spec.method, protocol, timeoutMs },
      headers: this.#headers,
      compression: responseCompression?.name,
      shutdownSignal: this.#shutdownSignal,
    });
    this.#context = context;
    const { interceptors } = route.options;
    try {
      const output =
        interceptors.length === 0
          ? spec.impl(input, context)
          : callThrough(spec, interceptors as never, context, input);
      if (!isPromise(output)) return this.#succeed(output);
      output.then(
        (message) => this.#succeed(message),
        (thrown) => this.#fail(thrown),
      );
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #succeed(output: Parameters<typeof create>[1]) {
    const { route, protocol } = this.#plan;
    let message: Uint8Array;
    try {
      message = route.serialization.getO(protocol.isBinary).serialize(
        // What interceptors answer is taken as it is.
        route.options.interceptors.length === 0
          ? create(route.spec.method.output, output)
          : (output as Parameters<UnarySpec["impl"]>[0]),
      );
    } catch (thrown) {
      return this.#fail(thrown);
    }
    if (protocol.name !== "connect") return this.#answerEnveloped(message);
    this.#answerUnary(200, message);
  }

  #fail(thrown: unknown) {
    const { protocol, route } = this.#plan;
    const context = this.#context as CallContext;
    const error = toCallError(thrown);
    context.end(thrown);
    try {
      if (protocol.name === "connect") {
        const { jsonOptions } = route.options;
        const { status, body } = toErrorAnswer(error, context, jsonOptions);
        return this.#answerUnary(status, body);
      }
      setTrailerStatus(context.responseTrailer, error);
    } catch {
      // What the error carries can't be written down.
      return this.#giveUp();
    }
    this.#answerEnveloped(undefined);
  }

  /** Send gRPC's or gRPC-Web's answer; without a message, it failed. */
  #answerEnveloped(message: Uint8Array | undefined) {
    const { route, responseCompression } = this.#plan;
    const { compressMinBytes } = route.options;
    this.#context?.end();
    if (
      message === undefined ||
      responseCompression === null ||
      message.length < compressMinBytes
    )
      return this.#guard(() => this.#sendEnveloped(message, EnvelopeFlag.none));
    responseCompression.compress(message).then(
      (small) =>
        this.#guard(() => this.#sendEnveloped(small, EnvelopeFlag.compressed)),
      (thrown) => this.#fail(thrown),
    );
  }

  #sendEnveloped(message: Uint8Array | undefined, flags: number) {
    const stream = this.#stream;
    const context = this.#context as CallContext;
    const { protocol, responseCompression } = this.#plan;
    const compression = responseCompression?.name;
    stream.respond(
      context.hasPristineHeader
        ? okHead(protocol, compression, -1)
        : createAnswerHead(200, context.responseHeader),
    );
    if (message !== undefined) writeEnvelope(stream, flags, message);
    if (protocol.name === "grpc") {
      stream.end(trailersOf(context));
      return this.#finish();
    }
    const trailers = trailerBytesOf(context);
    const { compressMinBytes } = this.#plan.route.options;
    if (responseCompression === null || trailers.length < compressMinBytes)
      return this.#endGrpcWeb(trailers, EnvelopeFlag.grpcWebTrailers);
    const flag = EnvelopeFlag.grpcWebTrailers | EnvelopeFlag.compressed;
    responseCompression.compress(trailers).then(
      (small) => this.#guard(() => this.#endGrpcWeb(small, flag)),
      () => this.#giveUp(),
    );
  }

  /** gRPC-Web's trailers are the last part of the body. */
  #endGrpcWeb(trailers: Uint8Array, flags: number) {
    writeEnvelope(this.#stream, flags, trailers);
    this.#stream.end();
    this.#finish();
  }

  /** Send the answer of Connect's unary form. */
  #answerUnary(status: number, body: Uint8Array) {
    const { route, responseCompression, protocol } = this.#plan;
    this.#context?.end();
    if (
      responseCompression === null ||
      body.length < route.options.compressMinBytes
    )
      return this.#guard(() => this.#sendUnary(status, body, undefined));
    const encoding = [protocol.encodingName, responseCompression.name] as const;
    responseCompression.compress(body).then(
      (small) => this.#guard(() => this.#sendUnary(status, small, encoding)),
      () => this.#giveUp(),
    );
  }

  #sendUnary(
    status: number,
    body: Uint8Array,
    encoding: readonly [name: string, value: string] | undefined,
  ): void {
    const stream = this.#stream;
    const context = this.#context as CallContext;
    const isUsual =
      status === 200 &&
      encoding === undefined &&
      context.hasPristineHeader &&
      context.hasPristineTrailer;
    const head = isUsual
      ? okHead(this.#plan.protocol, undefined, body.length)
      : createAnswerHead(
          status,
          unaryHeader(context, { status, body }, encoding),
        );
    stream.respond(head);
    stream.write(body, true);
    this.#finish();
  }

  /** What can't be sent must not throw where nobody catches it. */
  #guard(send: () => void) {
    try {
      send();
    } catch {
      this.#giveUp();
    }
  }

  #giveUp() {
    this.#exits.fail();
    this.#finish();
  }

  #finish() {
    this.#stream.release();
  }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null)?.then === "function";
}
