// Connect's "universal client" on streams of our own: below the protocols, so
// that all of them, streams, interceptors and compression work as Connect has
// them.

import { Code, ConnectError } from "@connectrpc/connect";
import type {
  UniversalClientFn,
  UniversalClientRequest,
  UniversalClientResponse,
} from "@connectrpc/connect/protocol";
import {
  createHeaderBlock,
  type HeaderBlock,
  type HeaderField,
  keepBytes,
  type Stream,
} from "../../wire/index.ts";
import { AnswerBody } from "./answer-body.ts";
import { Call } from "./call.ts";
import type { Chooser } from "./chooser.ts";
import { shortenTimeout, timeoutOf, toFields, toHeaders } from "./headers.ts";
import { pathOf, serviceOf } from "./method-path.ts";
import {
  collect,
  createBytesBody,
  ProducedBody,
  type RequestBody,
} from "./request-body.ts";
import type { Upstream } from "./upstreams.ts";

/**
 * Options for createUniversalClient().
 */
export interface UniversalClientOptions {
  readonly scheme: "http" | "https";
  /**
   * Requests are one message: it is taken first, so that it can be sent to
   * another instance whenever the first has not looked at it.
   */
  readonly isOneMessage: boolean;
}

/**
 * Create a function that makes HTTP/2 requests to the instances of the service
 * that the URL's path names; the rest of the URL does not matter.
 */
export function createUniversalClient(
  chooser: Chooser,
  options: UniversalClientOptions,
): UniversalClientFn {
  return (request) =>
    new Promise((resolve, reject) => {
      const parts = { ...options, resolve, reject };
      new UniversalCall(chooser, request, parts).run();
    });
}

interface Parts extends UniversalClientOptions {
  resolve(response: UniversalClientResponse): void;
  reject(error: ConnectError): void;
}

class UniversalCall extends Call {
  readonly #request: UniversalClientRequest;
  readonly #parts: Parts;
  readonly #path: string;
  readonly #fields: readonly HeaderField[];
  readonly #beganAtMs = performance.now();
  readonly #trailer = new Headers();
  #body: RequestBody | undefined;
  #answer: AnswerBody | undefined;

  constructor(chooser: Chooser, request: UniversalClientRequest, parts: Parts) {
    const path = pathOf(request.url);
    super(chooser, chooser.service(serviceOf(path)));
    this.#request = request;
    this.#parts = parts;
    this.#path = path;
    this.#fields = toFields(request.header);
    this.endsAtMs = this.#beganAtMs + timeoutOf(this.#fields);
  }

  run() {
    const { signal, body } = this.#request;
    if (signal?.aborted === true) return this.#onAbort();
    signal?.addEventListener("abort", this.#onAbort);
    const onError = (error: unknown) => {
      if (this.isOver) this.giveUp();
      else this.fail(ConnectError.from(error, Code.Internal));
    };
    if (body === undefined) this.start();
    else if (this.#parts.isOneMessage) this.#collect(body).catch(onError);
    else {
      this.#body = new ProducedBody(body, onError);
      this.start();
    }
  }

  async #collect(body: AsyncIterable<Uint8Array>): Promise<void> {
    this.#body = createBytesBody(await collect(body));
    this.start();
  }

  // Also when Connect has done with a call whose request goes on.
  readonly #onAbort = (): void => {
    const { signal } = this.#request;
    if (this.isOver) this.giveUp();
    else this.fail(ConnectError.from(signal?.reason, Code.Canceled));
  };

  protected get hasNoBody(): boolean {
    return this.#body === undefined;
  }

  protected get isRepeatable(): boolean {
    return this.#body?.isRepeatable ?? true;
  }

  protected headersFor(upstream: Upstream): HeaderBlock {
    const elapsedMs = performance.now() - this.#beganAtMs;
    return createHeaderBlock([
      [":method", this.#request.method],
      [":scheme", this.#parts.scheme],
      upstream.authority,
      [":path", this.#path],
      ...shortenTimeout(this.#fields, elapsedMs),
    ]);
  }

  protected sendBody(stream: Stream): void {
    this.#body?.start(stream);
  }

  override onSent(stream: Stream): void {
    this.#body?.onSent(stream);
  }

  onResponse(stream: Stream, headers: HeaderBlock, endStream: boolean): void {
    if (this.isOver) return;
    this.#answer = new AnswerBody(stream, (reason) =>
      this.fail(ConnectError.from(reason, Code.Canceled)),
    );
    this.#parts.resolve({
      status: headers.status,
      header: toHeaders(headers),
      body: this.#answer,
      trailer: this.#trailer,
    });
    if (endStream) this.#finish();
  }

  onData(stream: Stream, data: Buffer, endStream: boolean) {
    if (this.isOver) return stream.consume(data.length);
    if (data.length > 0) this.#answer?.push(keepBytes(data));
    if (endStream) this.#finish();
  }

  onTrailers(_: Stream, trailers: HeaderBlock): void {
    if (this.isOver) return;
    for (const [name, value] of toHeaders(trailers))
      this.#trailer.append(name, value);
    this.#finish();
  }

  #finish(): void {
    this.isOver = true;
    this.#answer?.end();
  }

  protected reportFailure(error: ConnectError): void {
    if (this.#answer === undefined) this.#parts.reject(error);
    else this.#answer.fail(error);
  }

  protected override onEnd(): void {
    this.#body?.onClose();
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }
}
