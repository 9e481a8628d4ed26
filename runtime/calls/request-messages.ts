// The messages of a streamed request, for the one handler that reads them.
//
// The message that comes next is put together in a place of its own; what comes
// after it waits as it is, bytes: a thousand empty messages must not cost more
// than their size. The caller may send more when messages are taken; in the
// middle of a message that somebody waits for, at once, because it may be larger
// than any window.

import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type Compression,
  envelopeDecompress,
} from "@connectrpc/connect/protocol";
import type { ServerStream } from "../../wire/index.ts";
import { ENVELOPE_BYTES, EnvelopeFlag } from "./answers.ts";
import { ByteQueue } from "./byte-queue.ts";
import { EnvelopeBuffer } from "./envelope-buffer.ts";

type AnyMessage = MessageShape<DescMessage>;
type Item = IteratorResult<AnyMessage, undefined>;

/** What is done with messages. */
export interface RequestMessagesOptions {
  readonly stream: Pick<ServerStream, "consume">;
  readonly parse: (bytes: Uint8Array) => AnyMessage;
  readonly compression: Compression | null;
  /** The largest message, in bytes, before and after decompression. */
  readonly readMaxBytes: number;
  /** Envelopes with this flag carry no message; 0: all do. */
  readonly endFlag: number;
}

interface Envelope {
  readonly flags: number;
  readonly data: Uint8Array;
}

const OVER: Item = { done: true, value: undefined };

/**
 * An iterable that can be read once.
 */
export class RequestMessages
  implements AsyncIterableIterator<AnyMessage, undefined>
{
  readonly #options: RequestMessagesOptions;
  /** The envelope that comes next, as far as it has come. */
  readonly #front = new EnvelopeBuffer();
  /** What came after it: how many messages that is, nobody has asked yet. */
  readonly #rest = new ByteQueue();
  /** Received, not consumed yet. */
  #owedBytes = 0;
  /** What ends it, after all that is queued. */
  #failure: unknown;
  #isComplete = false;
  /** Nobody reads any more. */
  #isUnwanted = false;
  #waiting: PromiseWithResolvers<void> | undefined;

  constructor(options: RequestMessagesOptions) {
    this.#options = options;
  }

  /** Bytes came. */
  push(bytes: Buffer) {
    this.#owedBytes += bytes.length;
    if (this.#isEnded || this.#isTooLarge)
      return this.#consume(this.#owedBytes);
    const at = this.#rest.isEmpty ? this.#front.add(bytes) : 0;
    this.#rest.add(bytes.subarray(at));
    const isWaitedFor = this.#waiting !== undefined && !this.#front.isComplete;
    if (isWaitedFor) this.#consume(this.#owedBytes);
    if (this.#front.isComplete || this.#isTooLarge) this.#wake();
  }

  /** That was all. */
  complete(): void {
    if (this.#isEnded) return;
    this.#isComplete = true;
    this.#wake();
  }

  /** The rest will never come; what came already is worth nothing. */
  fail(reason: unknown): void {
    this.#drop();
    this.#failure = reason;
    this.#isComplete = true;
    this.#wake();
  }

  /** Drop what is here, and what still comes. */
  discard(): void {
    this.#isUnwanted = true;
    this.#consume(this.#owedBytes);
    this.#drop();
    this.#wake();
  }

  async next(): Promise<Item> {
    for (;;) {
      const envelope = this.#takeEnvelope();
      if (envelope !== undefined) {
        this.#consume(ENVELOPE_BYTES + envelope.data.length);
        const message = await this.#open(envelope);
        if (message !== undefined) return { done: false, value: message };
        continue;
      }
      if (this.#isEnded || this.#isTooLarge) return this.#end();
      // Somebody waits: the rest of a message may come.
      this.#consume(this.#owedBytes);
      this.#waiting ??= Promise.withResolvers();
      await this.#waiting.promise;
    }
  }

  return(): Promise<Item> {
    this.discard();
    return Promise.resolve(OVER);
  }

  throw(reason: unknown): Promise<Item> {
    this.discard();
    return Promise.reject(reason);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  get #isEnded(): boolean {
    return this.#isComplete || this.#isUnwanted;
  }

  /** The next envelope, if all of it has come. */
  #takeEnvelope(): Envelope | undefined {
    const front = this.#front;
    const rest = this.#rest;
    while (!front.isComplete && !rest.isEmpty && !this.#isTooLarge)
      rest.advance(front.add(rest.first));
    return front.isComplete && !this.#isTooLarge ? front.take() : undefined;
  }

  get #isTooLarge(): boolean {
    return this.#front.length > this.#options.readMaxBytes;
  }

  #drop(): void {
    this.#front.clear();
    this.#rest.clear();
  }

  #open(
    envelope: Envelope,
  ): AnyMessage | undefined | Promise<AnyMessage | undefined> {
    const { compression, readMaxBytes } = this.#options;
    try {
      if ((envelope.flags & EnvelopeFlag.compressed) === 0)
        return this.#parse(envelope.flags, envelope.data);
    } catch (reason) {
      this.discard();
      throw reason;
    }
    return envelopeDecompress(envelope, compression, readMaxBytes)
      .then(({ flags, data }) => this.#parse(flags, data))
      .catch((reason) => {
        this.discard();
        throw reason;
      });
  }

  #parse(flags: number, data: Uint8Array): AnyMessage | undefined {
    const { endFlag, parse } = this.#options;
    return (flags & endFlag) !== 0 ? undefined : parse(data);
  }

  /** No message is left: say how it ended, and that it did from then on. */
  #end(): Item {
    const failure = this.#failure ?? this.#fault();
    const isUnwanted = this.#isUnwanted;
    this.#failure = undefined;
    this.discard();
    if (failure !== undefined && !isUnwanted) throw failure;
    return OVER;
  }

  /** What is wrong with what came last. */
  #fault(): ConnectError | undefined {
    const { length, isCut } = this.#front;
    const { readMaxBytes } = this.#options;
    if (length > readMaxBytes)
      return new ConnectError(
        `message size ${length} is larger than configured readMaxBytes ${readMaxBytes}`,
        Code.ResourceExhausted,
      );
    return isCut
      ? new ConnectError(
          "protocol error: incomplete envelope",
          Code.InvalidArgument,
        )
      : undefined;
  }

  /** The caller may send so many bytes more, or as many as it sent. */
  #consume(most: number): void {
    const bytes = Math.min(most, this.#owedBytes);
    this.#owedBytes -= bytes;
    if (bytes > 0) this.#options.stream.consume(bytes);
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
