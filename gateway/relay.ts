// Passes one call on to an instance, in the protocol the caller speaks, with
// back-pressure both ways. Messages are never parsed; an error is authored
// here only when the instance can't be reached or breaks off.
//
// Bodies are handed on by reference, piece by piece, and whoever sent one is
// given credit when it left on the other side. So no more waits here than the
// two windows of a call allow.

import { Code, ConnectError } from "@connectrpc/connect";
import {
  describeFailure,
  forgetReset,
  resetInTime,
} from "../mesh/upstream/index.ts";
import {
  createEnvelopeTracker,
  type EnvelopeTracker,
  encodeErrorAnswer,
  encodeLateError,
  mediaType,
} from "../rpc/index.ts";
import { sendAnswer } from "../runtime/index.ts";
import {
  createHeaderBlock,
  ErrorCode,
  type HeaderBlock,
  type ServerStream,
  type ServerStreamHandler,
  type Stream,
  type StreamHandler,
} from "../wire/index.ts";
import { toCallerHeaders, toUpstreamTrailers } from "./headers.ts";
import type { Plan } from "./plan.ts";
import type { Upstream } from "./router.ts";

/** One call on its way. */
export interface RelayOptions {
  readonly caller: ServerStream;
  readonly plan: Plan;
  /** Who serves it; its count of calls is kept. */
  readonly target: Upstream;
  /** Told when the instance failed the call. */
  onFailure(target: Upstream, reason: string): void;
}

/**
 * A call, as the handler of its stream to the instance. Once there is one,
 * start() is to be told.
 */
export class Relay implements StreamHandler {
  readonly #options: RelayOptions;
  readonly #caller: ServerStream;
  readonly #tracker: EnvelopeTracker | undefined;
  #upstream: Stream | undefined;
  /** Of the request, and of the response, what has not left yet. */
  #waitingBytes = 0;
  #waitingAnswerBytes = 0;
  /** The response says how long it is: nothing may be added. */
  #hasLength = false;
  /** The caller was told all, or has gone. */
  #isDone = false;
  /** The stream to the instance is to be reset. */
  #isGivenUp = false;

  constructor(options: RelayOptions) {
    const { protocol, contentType } = options.plan;
    this.#options = options;
    this.#caller = options.caller;
    const hasEnvelopes =
      protocol === "connect-stream" ||
      (protocol === "grpc-web" && !isText(contentType));
    this.#tracker = hasEnvelopes ? createEnvelopeTracker() : undefined;
  }

  /** The request's header fields are on their way: its body may follow. */
  start(upstream: Stream): void {
    this.#upstream = upstream;
    this.#options.target.inFlight++;
    this.#caller.handler = new CallerSide(this);
    this.#caller.hold();
  }

  // What the instance does: StreamHandler

  onInformation(_: Stream, headers: HeaderBlock): void {
    // "100 Continue" was for `wire` to say, and has been; of the others,
    // HTTP/1.1 callers don't expect any.
    if (headers.status === 100 || this.#caller.httpVersion < 2) return;
    this.#caller.inform(toCallerHeaders(headers));
  }

  onResponse(_: Stream, headers: HeaderBlock, endStream: boolean): void {
    this.#hasLength = headers.contentLength >= 0;
    this.#caller.respond(toCallerHeaders(headers), endStream);
    if (endStream) this.#finish();
  }

  onData(upstream: Stream, data: Buffer, endStream: boolean): void {
    this.#tracker?.push(data);
    const lacksStatus = endStream && this.#options.plan.protocol === "grpc";
    this.#waitingAnswerBytes += pass(
      upstream,
      this.#caller,
      data,
      endStream && !lacksStatus,
    );
    if (lacksStatus) this.fail("it ended without a status");
    if (endStream) this.#finish();
  }

  onTrailers(_: Stream, trailers: HeaderBlock): void {
    const passed = toCallerHeaders(trailers);
    this.#caller.end(passed.fields.length === 0 ? undefined : passed);
    this.#finish();
  }

  onSent(_: Stream, bytes: number): void {
    if (this.#isGivenUp) return;
    this.#waitingBytes -= bytes;
    this.#caller.consume(bytes);
  }

  onClose(upstream: Stream, code: number): void {
    this.#options.target.inFlight--;
    if (this.#isGivenUp) forgetReset(upstream);
    this.#dropRequest();
    this.fail(describeFailure(upstream, code));
    this.#caller.release();
  }

  // What the caller does, as its CallerSide tells

  /** @internal */
  onRequestData(data: Buffer, endStream: boolean): void {
    if (this.#upstream === undefined) return;
    if (this.#isGivenUp) this.#caller.consume(data.length);
    else
      this.#waitingBytes += pass(this.#caller, this.#upstream, data, endStream);
  }

  /** @internal */
  onRequestTrailers(trailers: HeaderBlock): void {
    if (this.#isGivenUp) return;
    this.#upstream?.end(toUpstreamTrailers(trailers));
  }

  /** @internal */
  onResponseSent(bytes: number): void {
    this.#waitingAnswerBytes -= bytes;
    this.#upstream?.consume(bytes);
  }

  /** @internal */
  onCallerClose(): void {
    this.#finish();
    // The instance may say to the end what nobody hears, until it is reset.
    this.#upstream?.consume(this.#waitingAnswerBytes);
    this.#waitingAnswerBytes = 0;
  }

  // How it ends

  /** Tell the caller that the instance failed, unless the answer is out. */
  fail(reason: string): void {
    if (this.#isDone) return;
    const { plan, target, onFailure } = this.#options;
    const { id, name } = target.instance;
    onFailure(target, reason);
    const message = `instance ${id} of ${name} failed the call: ${reason}`;
    const error = new ConnectError(message, Code.Unavailable);
    this.#isDone = true;
    if (this.#caller.headersSent) this.#failLate(error);
    else {
      const { protocol, contentType } = plan;
      const answer = encodeErrorAnswer(error, protocol, { contentType });
      sendAnswer(this.#caller, answer);
    }
    this.#finish();
  }

  /** In the middle of an answer. */
  #failLate(error: ConnectError): void {
    const { protocol, contentType } = this.#options.plan;
    const late = this.#hasLength
      ? undefined
      : encodeLateError(error, protocol, contentType);
    if (late !== undefined && "trailers" in late)
      this.#caller.end(createHeaderBlock(Object.entries(late.trailers)));
    else if (late !== undefined && this.#tracker?.atBoundary === true)
      this.#caller.write(late.body, true);
    // Nobody may take it for a complete one.
    else this.#caller.reset(ErrorCode.internalError);
  }

  /** The caller needs nothing more of the instance. */
  #finish(): void {
    this.#isDone = true;
    const upstream = this.#upstream;
    if (upstream === undefined || upstream.closed) return;
    const { remoteEnded, localEnded, queuedBytes } = upstream;
    // Then it closes by itself.
    if (remoteEnded && localEnded && queuedBytes === 0) return;
    // It answered without wanting the whole request, or nobody wants an answer.
    // The caller keeps its slot until the stream has closed, now or later: else
    // whoever cancels fast has more calls running than others may have.
    this.#isGivenUp = true;
    this.#dropRequest();
    resetInTime(upstream, remoteEnded ? ErrorCode.noError : ErrorCode.cancel);
  }

  /**
   * What was left to send is dropped, or nobody cares, and so is all that still
   * comes: the caller may say to the end what nobody hears.
   */
  #dropRequest(): void {
    this.#caller.consume(this.#waitingBytes);
    this.#waitingBytes = 0;
  }
}

/** The handler of the caller's stream. */
class CallerSide implements ServerStreamHandler {
  readonly #relay: Relay;

  constructor(relay: Relay) {
    this.#relay = relay;
  }

  onData(_: ServerStream, data: Buffer, endStream: boolean): void {
    this.#relay.onRequestData(data, endStream);
  }

  onTrailers(_: ServerStream, trailers: HeaderBlock): void {
    this.#relay.onRequestTrailers(trailers);
  }

  onSent(_: ServerStream, bytes: number): void {
    this.#relay.onResponseSent(bytes);
  }

  onClose(): void {
    this.#relay.onCallerClose();
  }
}

/**
 * Hand data on, and give credit for what left at once. Returns how much waits;
 * onSent() tells when that has left.
 */
function pass(
  from: ServerStream,
  to: ServerStream,
  data: Buffer,
  endStream: boolean,
): number {
  const queuedBytes = to.queuedBytes;
  to.write(data, endStream);
  // A stream that is closed takes, and keeps, nothing.
  const waiting = to.closed ? 0 : to.queuedBytes - queuedBytes;
  from.consume(data.length - waiting);
  return waiting;
}

function isText(contentType: string | undefined): boolean {
  return mediaType(contentType).startsWith("application/grpc-web-text");
}
