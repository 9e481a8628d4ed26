// A unary gRPC call, the short way: the message is encoded, wrapped and written,
// the answer is read as it comes. No Headers, no async iterables, no controllers
// of signals: these cost more than all the rest. Whoever uses interceptors gets
// Connect's own way; what callers see is the same.

import { create, type DescMessage } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type Transport,
  type UnaryResponse,
} from "@connectrpc/connect";
import type { HeaderBlock, HeaderField, Stream } from "../../wire/index.ts";
import { Call } from "./call.ts";
import type { Chooser } from "./chooser.ts";
import { wrapMessage } from "./envelopes.ts";
import { errorOfDeadline } from "./lost-call.ts";
import { createMethodPlans, type MethodPlan } from "./method-plan.ts";
import type { CallOptions } from "./options.ts";
import { UnaryAnswer } from "./unary-answer.ts";
import type { Upstream } from "./upstreams.ts";

/**
 * Create the function that makes unary calls, for a transport without
 * interceptors. `fallback` makes those whose message has to be compressed.
 */
export function createUnaryShortWay(
  chooser: Chooser,
  options: CallOptions,
  fallback: Transport["unary"],
): Transport["unary"] {
  const planOf = createMethodPlans(chooser, options);
  const { sendCompression, compressMinBytes } = options;
  return (method, signal, timeoutMs, header, message, contextValues) =>
    // What throws here rejects it.
    new Promise((resolve, reject) => {
      const plan = planOf(method);
      const bytes = plan.input.serialize(create(method.input, message));
      if (sendCompression !== null && bytes.length >= compressMinBytes) {
        const call = [method, signal, timeoutMs, header, message] as const;
        return resolve(fallback(...call, contextValues));
      }
      const request = {
        body: wrapMessage(bytes),
        fields: plan.fieldsOf(header),
        signal,
        timeoutMs: options.timeoutOf(timeoutMs),
      };
      new UnaryCall(chooser, plan, request, { resolve, reject }).run();
    });
}

interface UnaryRequest {
  /** In its envelope. */
  readonly body: Uint8Array;
  readonly fields: readonly HeaderField[] | undefined;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
}

interface Caller<I extends DescMessage, O extends DescMessage> {
  resolve(response: UnaryResponse<I, O> | Promise<UnaryResponse<I, O>>): void;
  reject(error: ConnectError): void;
}

class UnaryCall<I extends DescMessage, O extends DescMessage> extends Call {
  protected readonly hasNoBody = false;
  protected readonly isRepeatable = true;
  readonly #plan: MethodPlan<I, O>;
  readonly #request: UnaryRequest;
  readonly #caller: Caller<I, O>;
  readonly #answer: UnaryAnswer<I, O>;
  #timer: NodeJS.Timeout | undefined = undefined;
  #onAbort: (() => void) | undefined = undefined;

  constructor(
    chooser: Chooser,
    plan: MethodPlan<I, O>,
    request: UnaryRequest,
    caller: Caller<I, O>,
  ) {
    super(chooser, plan.service);
    this.#plan = plan;
    this.#request = request;
    this.#caller = caller;
    this.#answer = new UnaryAnswer(plan);
  }

  run(): void {
    const { signal, timeoutMs } = this.#request;
    if (signal !== undefined && !this.#followSignal(signal)) return;
    if (timeoutMs !== undefined) this.#startTimer(timeoutMs);
    this.start();
  }

  /** Returns whether the call may begin. */
  #followSignal(signal: AbortSignal): boolean {
    const onAbort = () =>
      this.fail(ConnectError.from(signal.reason, Code.Canceled));
    if (signal.aborted) onAbort();
    else {
      this.#onAbort = onAbort;
      signal.addEventListener("abort", onAbort);
    }
    return !this.isOver;
  }

  #startTimer(timeoutMs: number): void {
    this.endsAtMs = performance.now() + timeoutMs;
    this.#timer = setTimeout(() => {
      this.fail(errorOfDeadline());
    }, timeoutMs);
  }

  protected headersFor(upstream: Upstream): HeaderBlock {
    const { fields, timeoutMs } = this.#request;
    const leftMs =
      timeoutMs === undefined
        ? undefined
        : Math.max(1, this.endsAtMs - performance.now());
    return this.#plan.blockFor(upstream, fields, leftMs);
  }

  protected sendBody(stream: Stream): void {
    stream.write(this.#request.body, true);
  }

  onResponse(_: Stream, headers: HeaderBlock, endStream: boolean): void {
    if (this.isOver) return;
    try {
      this.#answer.takeHead(headers);
    } catch (error) {
      this.fail(ConnectError.from(error));
    }
    if (endStream) this.#end(undefined);
  }

  onData(stream: Stream, data: Buffer, endStream: boolean): void {
    stream.consume(data.length);
    if (this.isOver) return;
    try {
      const decompressing = this.#answer.takeData(data);
      decompressing?.catch((error) => this.fail(ConnectError.from(error)));
    } catch (error) {
      this.fail(ConnectError.from(error));
    }
    if (endStream) this.#end(undefined);
  }

  onTrailers(_: Stream, trailers: HeaderBlock): void {
    this.#end(trailers);
  }

  #end(trailers: HeaderBlock | undefined): void {
    if (this.isOver) return;
    try {
      const response = this.#answer.end(trailers);
      if (response instanceof Promise) this.#settleLater(response);
      else this.#succeed(response);
    } catch (error) {
      this.fail(ConnectError.from(error));
    }
  }

  /** The caller's signal and deadline hold while it is decompressed. */
  #settleLater(response: Promise<UnaryResponse<I, O>>): void {
    this.isAnswered = true;
    response.then(
      (value) => this.#succeed(value),
      (error) => this.fail(ConnectError.from(error)),
    );
  }

  #succeed(response: UnaryResponse<I, O>): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#caller.resolve(response);
    this.giveUp();
    this.onEnd();
  }

  protected reportFailure(error: ConnectError): void {
    this.#caller.reject(error);
  }

  protected override onEnd(): void {
    clearTimeout(this.#timer);
    if (this.#onAbort !== undefined)
      this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }
}
