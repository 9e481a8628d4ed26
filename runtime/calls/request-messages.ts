// The messages of a streamed request, for the one handler that reads them.
//
// Bytes are put together as they come, each message in a place of its own. The
// caller may send more when messages are taken; in the middle of a message that
// somebody waits for, at once, because it may be larger than any window.

import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type Compression,
  envelopeDecompress,
} from "@connectrpc/connect/protocol";
import type { ServerStream } from "../../wire/index.ts";
import { ENVELOPE_BYTES, EnvelopeFlag } from "./answers.ts";

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

/** What is announced isn't reserved before so much of it has come. */
const MAX_RESERVED_BYTES = 256 << 10;

/**
 * An iterable that can be read once.
 */
export class RequestMessages
  implements AsyncIterableIterator<AnyMessage, undefined>
{
  readonly #options: RequestMessagesOptions;
  #queue: Envelope[] = [];
  /** The envelope that is coming: its header, then its data. */
  readonly #header = Buffer.alloc(ENVELOPE_BYTES);
  #headerBytes = 0;
  #data: Uint8Array | undefined;
  #dataLength = 0;
  #dataBytes = 0;
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
  push(bytes: Buffer): void {
    this.#owedBytes += bytes.length;
    let at = 0;
    while (at < bytes.length && !this.#isEnded) at = this.#take(bytes, at);
    const isWaitedFor = this.#waiting !== undefined && this.#queue.length === 0;
    if (isWaitedFor || this.#isEnded) this.#consume(this.#owedBytes);
    if (this.#queue.length > 0 || this.#isEnded) this.#wake();
  }

  /** That was all. */
  complete(): void {
    if (this.#isEnded) return;
    this.#isComplete = true;
    const isCut =
      this.#data === undefined ? this.#headerBytes > 0 : this.#dataBytes > 0;
    if (isCut) {
      const message = "protocol error: incomplete envelope";
      this.#failure = new ConnectError(message, Code.InvalidArgument);
    }
    this.#wake();
  }

  /** The rest will never come; what came already is worth nothing. */
  fail(reason: unknown): void {
    this.#queue = [];
    this.#failure = reason;
    this.#isComplete = true;
    this.#wake();
  }

  /** Drop what is here, and what still comes. */
  discard(): void {
    this.#isUnwanted = true;
    this.#consume(this.#owedBytes);
    this.#queue = [];
    this.#wake();
  }

  async next(): Promise<Item> {
    for (;;) {
      const envelope = this.#queue.shift();
      if (envelope !== undefined) {
        this.#consume(ENVELOPE_BYTES + envelope.data.length);
        const message = await this.#open(envelope);
        if (message !== undefined) return { done: false, value: message };
        continue;
      }
      if (this.#isEnded) return this.#end();
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

  /** Take what belongs to the header or the data. Returns where that ended. */
  #take(bytes: Buffer, at: number): number {
    if (this.#data === undefined) {
      const step = Math.min(
        ENVELOPE_BYTES - this.#headerBytes,
        bytes.length - at,
      );
      bytes.copy(this.#header, this.#headerBytes, at, at + step);
      this.#headerBytes += step;
      if (this.#headerBytes === ENVELOPE_BYTES) this.#beginData();
      return at + step;
    }
    const step = Math.min(
      this.#dataLength - this.#dataBytes,
      bytes.length - at,
    );
    this.#reserve(this.#dataBytes + step);
    this.#data.set(bytes.subarray(at, at + step), this.#dataBytes);
    this.#dataBytes += step;
    if (this.#dataBytes === this.#dataLength) this.#endData();
    return at + step;
  }

  #beginData(): void {
    const length = this.#header.readUInt32BE(1);
    const { readMaxBytes } = this.#options;
    if (length > readMaxBytes) {
      this.#failure = new ConnectError(
        `message size ${length} is larger than configured readMaxBytes ${readMaxBytes}`,
        Code.ResourceExhausted,
      );
      this.#isComplete = true;
      return;
    }
    this.#dataLength = length;
    this.#dataBytes = 0;
    this.#data = Buffer.allocUnsafeSlow(Math.min(length, MAX_RESERVED_BYTES));
    if (length === 0) this.#endData();
  }

  #reserve(bytes: number): void {
    const data = this.#data as Uint8Array;
    if (bytes <= data.length) return;
    this.#data = Buffer.allocUnsafeSlow(this.#dataLength);
    this.#data.set(data);
  }

  #endData(): void {
    this.#queue.push({
      flags: this.#header[0] as number,
      data: this.#data as Uint8Array,
    });
    this.#data = undefined;
    this.#headerBytes = 0;
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
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined && !this.#isUnwanted) throw failure;
    return OVER;
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
