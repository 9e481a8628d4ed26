// What the answer to a unary gRPC call means: the message, or the error. To the
// letter what Connect's own gRPC transport makes of the same bytes; a test
// compares the two. The usual answer is recognised by the identity of its header
// blocks; all others are judged by Connect's functions.

import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type UnaryResponse } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import {
  validateResponseWithCompression,
  validateTrailer,
} from "@connectrpc/connect/protocol-grpc";
import type { HeaderBlock } from "../../wire/index.ts";
import { EnvelopeReader, unwrapWhole } from "./envelopes.ts";
import { toHeaders } from "./headers.ts";
import type { MethodPlan } from "./method-plan.ts";

const COMPRESSED = 1;

/** What is derived from header blocks and trailers that say nothing special. */
const PLAIN_HEAD = Symbol("plain head");
const PLAIN_STATUS = Symbol("plain status");

/**
 * The answer to one call, as it comes in.
 */
export class UnaryAnswer<I extends DescMessage, O extends DescMessage> {
  readonly #plan: MethodPlan<I, O>;
  #head: HeaderBlock | undefined = undefined;
  #compression: Compression | undefined = undefined;
  #headError: ConnectError | undefined = undefined;
  #message: MessageShape<O> | undefined = undefined;
  #reader: EnvelopeReader | undefined = undefined;
  #decompressing: Promise<void> | undefined = undefined;

  constructor(plan: MethodPlan<I, O>) {
    this.#plan = plan;
  }

  /** Takes the header block. Throws what it says is wrong. */
  takeHead(head: HeaderBlock): void {
    this.#head = head;
    if (head.derived === PLAIN_HEAD) return;
    const { acceptCompression } = this.#plan.options;
    const { compression, headerError, foundStatus } =
      validateResponseWithCompression(
        acceptCompression,
        head.status,
        toHeaders(head),
      );
    this.#compression = compression;
    this.#headError = headerError;
    if (compression === undefined && !foundStatus) head.derived = PLAIN_HEAD;
  }

  /**
   * Takes a piece of the body. Returns a promise if some of it has to be
   * decompressed; it rejects, as the function throws, with what is wrong.
   */
  takeData(data: Uint8Array): Promise<void> | undefined {
    if (this.#reader === undefined) {
      const whole = unwrapWhole(data, this.#plan.options.readMaxBytes);
      if (whole !== undefined) {
        this.#takeMessage(whole);
        return undefined;
      }
      if (data.length === 0) return undefined;
      this.#reader = new EnvelopeReader(
        this.#plan.options.readMaxBytes,
        (flags, message) => this.#takeEnvelope(flags, message),
      );
    }
    this.#reader.push(data);
    return this.#decompressing;
  }

  /**
   * It has ended. Returns what the caller gets, at once unless something is
   * being decompressed. Throws, or rejects with, what is wrong.
   */
  end(
    trailers: HeaderBlock | undefined,
  ): UnaryResponse<I, O> | Promise<UnaryResponse<I, O>> {
    const before = this.#decompressing;
    return before === undefined
      ? this.#conclude(trailers)
      : before.then(() => this.#conclude(trailers));
  }

  #takeEnvelope(flags: number, data: Uint8Array) {
    const isCompressed = (flags & COMPRESSED) !== 0;
    const before = this.#decompressing;
    if (!isCompressed && before === undefined) return this.#takeMessage(data);
    const message = async () => {
      await before;
      this.#takeMessage(isCompressed ? await this.#decompress(data) : data);
    };
    this.#decompressing = message();
    // Whoever takes the data or the end sees it.
    this.#decompressing.catch(() => {});
  }

  async #decompress(data: Uint8Array): Promise<Uint8Array> {
    if (this.#compression === undefined)
      throw new ConnectError(
        "received compressed envelope, but do not know how to decompress",
        Code.Internal,
      );
    const { readMaxBytes } = this.#plan.options;
    return await this.#compression.decompress(data, readMaxBytes);
  }

  #takeMessage(data: Uint8Array): void {
    const message = this.#plan.output.parse(data);
    if (this.#message !== undefined)
      throw new ConnectError(
        "protocol error: received extra output message for unary method",
        Code.Unimplemented,
      );
    this.#message = message;
  }

  #conclude(trailers: HeaderBlock | undefined): UnaryResponse<I, O> {
    if (this.#reader?.isAmid === true)
      throw new ConnectError(
        "protocol error: incomplete envelope",
        Code.InvalidArgument,
      );
    const message = this.#message;
    const isPlain =
      trailers?.derived === PLAIN_STATUS && this.#headError === undefined;
    if (isPlain && message !== undefined)
      return toResponse(this.#plan, message, this.#head, trailers);
    const trailer = toHeaders(trailers);
    validateTrailer(trailer, toHeaders(this.#head));
    if (trailers !== undefined && trailer.has("grpc-status"))
      trailers.derived = PLAIN_STATUS;
    if (message === undefined)
      throw (
        this.#headError ??
        new ConnectError(
          "protocol error: missing output message for unary method",
          trailer.has("grpc-status") ? Code.Unimplemented : Code.Unknown,
        )
      );
    if (this.#headError !== undefined)
      throw new ConnectError(
        "protocol error: received output message for unary method with error status",
        Code.Unknown,
      );
    return toResponse(this.#plan, message, this.#head, trailers);
  }
}

/** Hardly anybody looks at the headers: they are made when somebody does. */
function toResponse<I extends DescMessage, O extends DescMessage>(
  { method }: MethodPlan<I, O>,
  message: MessageShape<O>,
  head: HeaderBlock | undefined,
  trailers: HeaderBlock | undefined,
): UnaryResponse<I, O> {
  let header: Headers | undefined;
  let trailer: Headers | undefined;
  return {
    stream: false,
    service: method.parent,
    method,
    message,
    get header() {
      header ??= toHeaders(head);
      return header;
    },
    get trailer() {
      trailer ??= toHeaders(trailers);
      return trailer;
    },
  };
}
