// A unary call that goes the usual way: one message comes, a handler answers
// it, one message goes. Nothing is made for it that isn't asked for.
//
// Whatever is unusual about a request is left to Connect's own handlers, with
// all that has come so far: they know best what to say about it.

import type {
  HeaderBlock,
  ServerStream,
  ServerStreamHandler,
} from "../../wire/index.ts";
import { closeReason } from "../close-reason.ts";
import { ENVELOPE_BYTES, EnvelopeFlag } from "./answers.ts";
import { CallContext } from "./call-context.ts";
import { type CallPlan, deadlineOf } from "./call-plan.ts";
import type { UnarySpec } from "./call-routes.ts";
import type { Deadline } from "./deadline.ts";
import { callThrough } from "./interceptors.ts";
import { MessageBuffer } from "./message-buffer.ts";
import { UnaryAnswer } from "./unary-answer.ts";

/** What else may become of a call. */
export interface UnaryCallExits {
  /**
   * Connect is to answer it. `body` has come so far and was consumed; it may be
   * overwritten afterwards.
   */
  hand(
    stream: ServerStream,
    headers: HeaderBlock,
    body: Buffer,
    isComplete: boolean,
  ): void;
  /** The answer can't be sent: say so, in whatever way is left. */
  fail(stream: ServerStream, headers: HeaderBlock): void;
}

const NOTHING = Buffer.alloc(0);

/**
 * A unary call under way; the handler of its stream.
 */
export class UnaryCall implements ServerStreamHandler {
  readonly #stream: ServerStream;
  readonly #headers: HeaderBlock;
  readonly #plan: CallPlan;
  readonly #exits: UnaryCallExits;
  readonly #deadline: Deadline | undefined;
  /** What came, if it didn't come at once. */
  #buffer: MessageBuffer | undefined;
  #context: CallContext | undefined;

  constructor(
    stream: ServerStream,
    headers: HeaderBlock,
    plan: CallPlan,
    exits: UnaryCallExits,
  ) {
    this.#stream = stream;
    this.#headers = headers;
    this.#plan = plan;
    this.#deadline = deadlineOf(plan);
    this.#exits = exits;
  }

  onData(stream: ServerStream, data: Buffer, endStream: boolean) {
    // Answered, or handed on: what still comes is nobody's.
    stream.consume(data.length);
    if (endStream && this.#buffer === undefined) return this.#onBody(data);
    this.#buffer ??= new MessageBuffer();
    const begin = this.#buffer.length > 0 ? this.#buffer.bytes : data;
    this.#buffer.add(data, this.#expectedBytes(begin));
    const { bytes } = this.#buffer;
    if (endStream) this.#onBody(bytes);
    else if (this.#expectedBytes(bytes) > this.#maxBodyBytes)
      this.#hand(bytes, false);
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
    this.#context?.end(closeReason(stream, code));
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
    if (message === undefined) return this.#hand(body, true);
    const { route, protocol } = this.#plan;
    let input: ReturnType<ReturnType<typeof route.serialization.getI>["parse"]>;
    try {
      input = route.serialization.getI(protocol.isBinary).parse(message);
    } catch {
      // Connect finds out the same, and says it in its own words.
      return this.#hand(body, true);
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

  #hand(body: Buffer, isComplete: boolean) {
    this.#exits.hand(this.#stream, this.#headers, body, isComplete);
  }

  #own(body: Buffer, start: number): Uint8Array {
    const length = body.length - start;
    // In memory of its own, and no Buffer: applications get views of it.
    if (this.#buffer !== undefined)
      return new Uint8Array(this.#buffer.whole.buffer, start, length);
    const own = new Uint8Array(length);
    own.set(body.subarray(start));
    return own;
  }

  #invoke(spec: UnarySpec, input: Parameters<UnarySpec["impl"]>[0]) {
    const { route, protocol, responseCompression } = this.#plan;
    // A caller who resets its streams must not start more work than one who
    // waits for the answers.
    this.#stream.hold();
    const context = new CallContext({
      ...{ method: spec.method, protocol, deadline: this.#deadline },
      headers: this.#headers,
      compression: responseCompression?.name,
      shutdownSignal: route.options.shutdownSignal,
    });
    this.#context = context;
    const answer = new UnaryAnswer(this.#stream, this.#plan, context, () =>
      this.#exits.fail(this.#stream, this.#headers),
    );
    const { interceptors } = route.options;
    try {
      const output =
        interceptors.length === 0
          ? spec.impl(input, context)
          : callThrough(spec, interceptors as never, context, input);
      if (!isPromise(output)) return answer.succeed(output);
      // Of other people's promises, too, which may resolve with promises.
      Promise.resolve(output).then(
        (message) => answer.succeed(message),
        (thrown) => answer.fail(thrown),
      );
    } catch (thrown) {
      answer.fail(thrown);
    }
  }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null)?.then === "function";
}
