// The answer of a unary call, in the caller's protocol: a message or an error.

import { create } from "@bufbuild/protobuf";
import type { Compression } from "@connectrpc/connect/protocol";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import type { ServerStream } from "../../wire/index.ts";
import { createAnswerHead } from "../answer-head.ts";
import {
  EnvelopeFlag,
  okHead,
  toCallError,
  toErrorAnswer,
  trailerBytesOf,
  trailersOf,
  unaryHeader,
  writeEnvelope,
} from "./answers.ts";
import type { CallContext } from "./call-context.ts";
import type { CallPlan } from "./call-plan.ts";
import type { UnarySpec } from "./call-routes.ts";

/**
 * Answers one call, once. `onFailure` is called if the answer can't be sent.
 */
export class UnaryAnswer {
  readonly #stream: ServerStream;
  readonly #plan: CallPlan;
  readonly #context: CallContext;
  readonly #onFailure: () => void;

  constructor(
    stream: ServerStream,
    plan: CallPlan,
    context: CallContext,
    onFailure: () => void,
  ) {
    this.#stream = stream;
    this.#plan = plan;
    this.#context = context;
    this.#onFailure = onFailure;
  }

  /** The handler answered. */
  succeed(output: Parameters<typeof create>[1]) {
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
      return this.fail(thrown);
    }
    if (protocol.name !== "connect") return this.#answerEnveloped(message);
    this.#answerUnary(200, message);
  }

  /** The handler threw, or what it answered can't be written down. */
  fail(thrown: unknown) {
    const { protocol, route } = this.#plan;
    const context = this.#context;
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
    this.#context.end();
    if (
      message === undefined ||
      responseCompression === null ||
      message.length < compressMinBytes
    )
      return this.#guard(() => this.#sendEnveloped(message, EnvelopeFlag.none));
    compress(responseCompression, message).then(
      (small) =>
        this.#guard(() => this.#sendEnveloped(small, EnvelopeFlag.compressed)),
      (thrown) => this.fail(thrown),
    );
  }

  #sendEnveloped(message: Uint8Array | undefined, flags: number) {
    const stream = this.#stream;
    const context = this.#context;
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
    compress(responseCompression, trailers).then(
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
    this.#context.end();
    if (
      responseCompression === null ||
      body.length < route.options.compressMinBytes
    )
      return this.#guard(() => this.#sendUnary(status, body, undefined));
    const encoding = [protocol.encodingName, responseCompression.name] as const;
    compress(responseCompression, body).then(
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
    const context = this.#context;
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
    this.#onFailure();
    this.#finish();
  }

  #finish() {
    this.#stream.release();
  }
}

/** What it throws at once is a rejection, too. */
async function compress(
  compression: Compression,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  return await compression.compress(bytes);
}
