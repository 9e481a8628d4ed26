// One call on a stream: Connect's universal request is made of what the caller
// sends, and Connect's universal response is sent, with back-pressure both ways.

import { Code, ConnectError, type ContextValues } from "@connectrpc/connect";
import type {
  UniversalServerRequest,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { encodeErrorAnswer, parseProtocol } from "../rpc/index.ts";
import {
  ErrorCode,
  type HeaderBlock,
  type ServerStream,
  type ServerStreamHandler,
} from "../wire/index.ts";
import { createAnswerHead, createTrailers } from "./answer-head.ts";
import { closeReason } from "./close-reason.ts";
import { RequestBody } from "./request-body.ts";
import { headOf, toHeaders, urlOf } from "./request-head.ts";
import { sendAnswer } from "./send-answer.ts";

type Pieces = AsyncIterator<Uint8Array>;

/**
 * A call under way; the handler of its stream.
 */
export class Call implements ServerStreamHandler {
  readonly body: RequestBody;
  readonly #stream: ServerStream;
  readonly #headers: HeaderBlock;
  /** Aborts if the caller goes away. */
  readonly #gone = new AbortController();
  /** Called when everything that was written has left, or never will. */
  #onAllSent: (() => void) | undefined;

  /** Of the body, `begin` has come and was consumed. */
  constructor(
    stream: ServerStream,
    headers: HeaderBlock,
    begin: Buffer,
    isComplete: boolean,
  ) {
    this.#stream = stream;
    this.#headers = headers;
    this.body = new RequestBody(stream, begin);
    if (isComplete) this.body.complete();
  }

  /** The request, as Connect's handlers take it. */
  toRequest(contextValues: ContextValues | undefined): UniversalServerRequest {
    const headers = this.#headers;
    return {
      httpVersion: this.#stream.httpVersion === 1 ? "1.1" : "2.0",
      method: headers.method ?? "",
      url: urlOf(headers),
      header: toHeaders(headers),
      body: this.body,
      signal: this.#gone.signal,
      ...(contextValues !== undefined && { contextValues }),
    };
  }

  /**
   * Send a response. Resolves when whoever makes its body has finished; rejects
   * if that fails, or if the caller went away.
   */
  async send(response: UniversalServerResponse): Promise<void> {
    const pieces = response.body?.[Symbol.asyncIterator]();
    try {
      await this.#send(response, pieces);
    } catch (reason) {
      // Whoever makes the pieces waits at the last one. A no-op if they failed.
      await pieces?.throw?.(reason);
      throw reason;
    }
  }

  onData(_stream: ServerStream, data: Buffer, endStream: boolean): void {
    this.body.push(data);
    if (endStream) this.body.complete();
  }

  /** Requests of RPC protocols have no trailers: whatever they say is ignored. */
  onTrailers(): void {
    this.body.complete();
  }

  onSent(stream: ServerStream): void {
    if (stream.queuedBytes === 0) this.#onAllSent?.();
  }

  onClose(stream: ServerStream, code: number): void {
    if (stream.closedBy === "end") return;
    const reason = closeReason(stream, code);
    this.body.fail(reason);
    this.#gone.abort(reason);
    this.#onAllSent?.();
  }

  async #send(
    response: UniversalServerResponse,
    pieces: Pieces | undefined,
  ): Promise<void> {
    const stream = this.#stream;
    const { trailer } = response;
    // Until its first piece is there, header fields may still be added.
    let piece = await pieces?.next();
    const isEmpty = (piece?.done ?? true) && trailer === undefined;
    this.#respond(response, isEmpty);
    if (isEmpty) return;
    while (piece !== undefined && !piece.done) {
      stream.write(piece.value);
      if (stream.queuedBytes > 0) await this.#allSent();
      this.#gone.signal.throwIfAborted();
      piece = await pieces?.next();
    }
    stream.end(trailer && createTrailers(trailer));
  }

  /** Send the header block; one that can't be sent becomes an error. */
  #respond(response: UniversalServerResponse, endStream: boolean): void {
    let head: HeaderBlock;
    try {
      head = createAnswerHead(response.status, response.header ?? []);
    } catch (reason) {
      answerInternalError(this.#stream, this.#headers);
      throw reason;
    }
    this.#stream.respond(head, endStream);
  }

  #allSent(): Promise<void> {
    return new Promise((resolve) => {
      this.#onAllSent = resolve;
    });
  }
}

/**
 * A call failed where its caller should have been told: tell it that much, or
 * cut the answer off if it has begun.
 */
export function failCall(stream: ServerStream, headers: HeaderBlock): void {
  if (stream.localEnded) return;
  if (stream.headersSent) stream.reset(ErrorCode.internalError);
  else answerInternalError(stream, headers);
}

function answerInternalError(stream: ServerStream, headers: HeaderBlock): void {
  const request = headOf(headers);
  const error = new ConnectError("internal error", Code.Internal);
  const protocol = parseProtocol(request);
  sendAnswer(stream, encodeErrorAnswer(error, protocol, request));
}
