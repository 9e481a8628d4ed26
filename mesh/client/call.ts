// One call on its way to an instance, and to another if the first has certainly
// not seen it: each once, as long as the caller waits and nothing of the request
// is lost by it. What is sent and what becomes of the answer is for the two
// kinds of calls to say.

import { Code, ConnectError } from "@connectrpc/connect";
import {
  ErrorCode,
  type HeaderBlock,
  internalLimits,
  type Stream,
  type StreamHandler,
} from "../../wire/index.ts";
import { forgetReset, resetInTime, wasNeverSeen } from "../upstream/index.ts";
import type { Chooser } from "./chooser.ts";
import {
  errorOfAddress,
  errorOfDeadline,
  errorOfFullness,
  errorOfHeaders,
  errorOfLoss,
  errorOfSilence,
} from "./lost-call.ts";
import type { ServiceUpstreams, Upstream } from "./upstreams.ts";

/**
 * A call, as the handler of its stream.
 */
export abstract class Call implements StreamHandler {
  /** The caller was told all. */
  protected isOver = false;
  /** All of the answer is there, and being worked on: the stream may end. */
  protected isAnswered = false;
  /** When the caller's deadline is over, as performance.now() counts. */
  protected endsAtMs = Number.POSITIVE_INFINITY;
  /** The stream of the current attempt. */
  protected stream: Stream | undefined = undefined;
  readonly #chooser: Chooser;
  readonly #service: ServiceUpstreams;
  #upstream: Upstream | undefined = undefined;
  #tried: Upstream[] | undefined = undefined;
  #loss: ConnectError | undefined = undefined;
  #cancelWait: (() => void) | undefined = undefined;
  #isGivenUp = false;

  constructor(chooser: Chooser, service: ServiceUpstreams) {
    this.#chooser = chooser;
    this.#service = service;
  }

  // What the kinds of calls say

  /** The request's header block for an address. */
  protected abstract headersFor(upstream: Upstream): HeaderBlock;

  /** The request has no body. */
  protected abstract readonly hasNoBody: boolean;

  /** Send the body, from its beginning on. */
  protected abstract sendBody(stream: Stream): void;

  /** Nothing of the body is gone: it may be sent again. */
  protected abstract readonly isRepeatable: boolean;

  /** Tell the caller that the call has failed; `isOver` is set already. */
  protected abstract reportFailure(error: ConnectError): void;

  /** The last stream has closed. */
  protected onEnd(): void {}

  abstract onResponse(
    stream: Stream,
    headers: HeaderBlock,
    endStream: boolean,
  ): void;

  abstract onData(stream: Stream, data: Buffer, endStream: boolean): void;

  abstract onTrailers(stream: Stream, trailers: HeaderBlock): void;

  onSent(_stream: Stream, _bytes: number): void {}

  // How it goes

  /** Send it, as soon as the registry was heard. */
  protected start() {
    if (this.isOver) return;
    if (!this.#chooser.isUnheard(this.#service)) return this.#attempt();
    this.#cancelWait = this.#chooser.wait(() => {
      this.#cancelWait = undefined;
      this.#attempt();
    });
  }

  #attempt(): void {
    while (!this.isOver) {
      const upstream = this.#chooser.choose(this.#service, this.#tried);
      if (upstream instanceof ConnectError) {
        // Why the others were of no use is worth more than that none is left.
        const isClosed = this.#chooser.isClosed;
        this.fail(isClosed ? upstream : (this.#loss ?? upstream));
        return;
      }
      this.#upstream = upstream;
      const stream = this.#send(upstream);
      if (stream?.closed === true) return;
      if (stream !== undefined) {
        this.stream = stream;
        if (!this.hasNoBody) this.sendBody(stream);
        return;
      }
      if (this.#waitForRoom(upstream)) return;
      this.#skip(upstream);
    }
  }

  /**
   * Nobody knows how many calls it takes before it has said so. That is a round
   * trip after it was first called, or a time-out.
   */
  #waitForRoom(upstream: Upstream): boolean {
    if (this.isOver) return false;
    this.#cancelWait = upstream.whenSettled((isSettled) => {
      this.#cancelWait = undefined;
      if (!isSettled) {
        this.#loss = errorOfSilence(upstream.address);
        this.#skip(upstream);
      }
      this.#attempt();
    });
    return this.#cancelWait !== undefined;
  }

  /** Returns undefined if that address is of no use, or if the call is over. */
  #send(upstream: Upstream): Stream | undefined {
    if (!upstream.isAddress) {
      this.#loss = errorOfAddress(upstream.address);
      return undefined;
    }
    let headers: HeaderBlock;
    try {
      headers = this.headersFor(upstream);
    } catch {
      // Only what the registry says can be wrong with them.
      this.#loss = errorOfAddress(upstream.address);
      return undefined;
    }
    // Instances end a connection for such a call, and others share it.
    if (headers.size > internalLimits.maxHeaderListBytes) {
      this.fail(errorOfHeaders(headers.size));
      return undefined;
    }
    upstream.inFlight++;
    let stream: Stream | undefined;
    try {
      stream = upstream.request(headers, this.hasNoBody, this);
      if (stream === undefined) this.#loss = errorOfFullness(upstream.address);
    } catch (error) {
      this.fail(ConnectError.from(error, Code.Internal));
    }
    if (stream === undefined) upstream.inFlight--;
    return stream;
  }

  onClose(stream: Stream, code: number) {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    upstream.inFlight--;
    if (this.#isGivenUp) forgetReset(stream);
    if (this.isOver) return this.onEnd();
    if (this.isAnswered) return;
    // An instance knows the deadline, too, and its reset may be read before our
    // own timer runs. A millisecond is what timers and headers round.
    const loss =
      performance.now() >= this.endsAtMs - 1
        ? errorOfDeadline()
        : errorOfLoss(stream, code, upstream.address);
    const isUntouched = !stream.headersReceived && wasNeverSeen(stream);
    if (isUntouched && this.isRepeatable) {
      this.#loss = loss;
      this.#skip(upstream);
      this.#attempt();
    } else if (this.#chooser.isClosed) {
      this.fail(new ConnectError("the transport was closed", Code.Unavailable));
    } else this.fail(loss);
  }

  #skip(upstream: Upstream): void {
    this.#tried ??= [];
    this.#tried.push(upstream);
  }

  /** End it with an error, on the wire too. */
  protected fail(error: ConnectError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#cancelWait?.();
    this.reportFailure(error);
    this.giveUp();
    if (this.stream?.closed !== false) this.onEnd();
  }

  /** Nobody needs anything more of it: end its stream if it isn't about to. */
  protected giveUp(): void {
    const { stream } = this;
    if (stream === undefined || stream.closed || this.#isGivenUp) return;
    const { remoteEnded, localEnded, queuedBytes } = stream;
    // Then it closes by itself.
    if (remoteEnded && localEnded && queuedBytes === 0) return;
    this.#isGivenUp = true;
    resetInTime(stream, remoteEnded ? ErrorCode.noError : ErrorCode.cancel);
  }
}
