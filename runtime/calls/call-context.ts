// What a handler may ask about its call. All that costs something is made when
// it is asked for the first time: most handlers look at their request, answer,
// and never know that there was more.

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ContextValues,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import type { HeaderBlock } from "../../wire/index.ts";
import { toHeaders, urlOf } from "../request-head.ts";
import type { Deadline } from "./deadline.ts";
import type { Field, Protocol } from "./protocols.ts";

/** What a context is made of. */
export interface CallContextInit {
  readonly method: DescMethod;
  readonly protocol: Protocol;
  readonly headers: HeaderBlock;
  /** When the caller gives up; undefined: it didn't say. */
  readonly deadline: Deadline | undefined;
  /** The name of the compression that answers may have, if any. */
  readonly compression: string | undefined;
  /** Aborts when streams are told to go. */
  readonly shutdownSignal: AbortSignal | undefined;
}

/** No timer of Node's takes longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * The context of one call.
 */
export class CallContext implements HandlerContext {
  readonly method: DescMethod;
  readonly service: DescService;
  readonly requestMethod = "POST";
  readonly protocolName: string;
  /** A function that needs no `this`. */
  readonly timeoutMs: () => number | undefined;
  declare readonly url: string;
  declare readonly requestHeader: Headers;
  declare readonly responseHeader: Headers;
  declare readonly responseTrailer: Headers;
  declare readonly values: ContextValues;
  /** Aborts when the caller gives up or goes away, and when the call is over. */
  declare readonly signal: AbortSignal;

  readonly #init: CallContextInit;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;
  #values: ContextValues | undefined;
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #onShutdown: (() => void) | undefined;
  #isOver = false;
  #reason: unknown;

  constructor(init: CallContextInit) {
    this.method = init.method;
    this.service = init.method.parent;
    this.protocolName = init.protocol.name;
    this.#init = init;
    const { deadline } = init;
    this.timeoutMs =
      deadline === undefined ? unlimited : () => deadline.leftMs();
    for (const [name, accessor] of CallContext.#accessors)
      Object.defineProperty(this, name, accessor);
  }

  /**
   * Properties of each context, not of its prototype: so that a copy,
   * `{ ...context }`, has them, too.
   */
  static readonly #accessors = Object.entries<(self: CallContext) => unknown>({
    url: (self) => self.#init.headers.derive(urlOf, urlOf),
    requestHeader: (self) => self.#getRequestHeader(),
    responseHeader: (self) => self.#getResponseHeader(),
    responseTrailer: (self) => self.#getResponseTrailer(),
    values: (self) => self.#getValues(),
    signal: (self) => self.#getSignal(),
  }).map(([name, get]) => [name, lazily(get)] as const);

  #getRequestHeader(): Headers {
    this.#requestHeader ??= toHeaders(this.#init.headers);
    return this.#requestHeader;
  }

  #getResponseHeader(): Headers {
    this.#responseHeader ??= toResponseHeaders(this.#headFields);
    return this.#responseHeader;
  }

  #getResponseTrailer(): Headers {
    const { trailerFields } = this.#init.protocol;
    this.#responseTrailer ??= toResponseHeaders(trailerFields);
    return this.#responseTrailer;
  }

  #getValues(): ContextValues {
    this.#values ??= createContextValues();
    return this.#values;
  }

  #getSignal(): AbortSignal {
    this.#controller ??= this.#createController();
    return this.#controller.signal;
  }

  /** Whether nobody added a header field. */
  get hasPristineHeader(): boolean {
    return isPristine(this.#responseHeader, this.#headFields);
  }

  get hasPristineTrailer(): boolean {
    const { trailerFields } = this.#init.protocol;
    return isPristine(this.#responseTrailer, trailerFields);
  }

  /** The call is over, for whatever reason. */
  end(reason?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reason = reason;
    this.#abort(reason);
  }

  get #headFields(): readonly Field[] {
    const { protocol, compression } = this.#init;
    return protocol.headFields(compression);
  }

  #createController(): AbortController {
    const controller = new AbortController();
    const { deadline, shutdownSignal } = this.#init;
    if (this.#isOver) {
      controller.abort(this.#reason);
    } else if (shutdownSignal?.aborted) {
      controller.abort(shutdownSignal.reason);
    } else {
      // Set before anything can abort it.
      this.#controller = controller;
      this.#onShutdown = () => this.#abort(shutdownSignal?.reason);
      shutdownSignal?.addEventListener("abort", this.#onShutdown);
      if (deadline !== undefined) this.#watchDeadline(deadline);
    }
    return controller;
  }

  #watchDeadline(deadline: Deadline): void {
    const leftMs = deadline.leftMs();
    if (leftMs <= 0) {
      const message = "the operation timed out";
      this.#abort(new ConnectError(message, Code.DeadlineExceeded));
      return;
    }
    const onTimeout = () => this.#watchDeadline(deadline);
    this.#timer = setTimeout(onTimeout, Math.min(leftMs, MAX_TIMER_MS));
  }

  #abort(reason: unknown): void {
    if (this.#controller === undefined) return;
    clearTimeout(this.#timer);
    if (this.#onShutdown !== undefined)
      this.#init.shutdownSignal?.removeEventListener("abort", this.#onShutdown);
    this.#controller.abort(reason);
  }
}

const unlimited = () => undefined;

function lazily(get: (self: CallContext) => unknown): PropertyDescriptor {
  return {
    get(this: CallContext) {
      return get(this);
    },
    enumerable: true,
    configurable: true,
  };
}

function toResponseHeaders(fields: readonly Field[]): Headers {
  const headers = new Headers();
  for (const [name, value] of fields) headers.append(name, value);
  return headers;
}

/** Whether headers, if there are any, say what they said when they were made. */
function isPristine(
  headers: Headers | undefined,
  fields: readonly Field[],
): boolean {
  if (headers === undefined) return true;
  let count = 0;
  for (const [name, value] of headers) {
    const isOld = fields.some(
      (field) => field[0] === name && field[1] === value,
    );
    if (!isOld) return false;
    count++;
  }
  return count === fields.length;
}
