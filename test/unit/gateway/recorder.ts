// One end of a call in a test: does what the test says, and remembers what the
// other end did.

import type {
  ClosedBy,
  HeaderBlock,
  ServerStream,
  ServerStreamHandler,
  StreamHandler,
} from "../../../wire/index.ts";

/** What a stream ended with. */
export interface End {
  readonly code: number;
  readonly by: ClosedBy | undefined;
}

/**
 * The handler of a stream, in either role.
 */
export class Recorder implements StreamHandler, ServerStreamHandler {
  /** The request's header block: sent by a caller, received by an instance. */
  readonly headers: HeaderBlock;
  readonly informed: HeaderBlock[] = [];
  response: HeaderBlock | undefined;
  /** The response was its header block alone. */
  isHeadersOnly = false;
  trailers: HeaderBlock | undefined;
  readonly body: Buffer[] = [];
  bytes = 0;
  /** The other side has said all. */
  ended = false;
  end: End | undefined;
  #consumes: boolean;
  #unconsumed = 0;
  #stream: ServerStream | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(headers: HeaderBlock, consumes = true) {
    this.headers = headers;
    this.#consumes = consumes;
  }

  /** The stream it is the handler of. */
  get stream(): ServerStream {
    if (this.#stream === undefined) throw new Error("the request was not sent");
    return this.#stream;
  }

  sent(stream: ServerStream | undefined): void {
    this.#stream = stream;
  }

  /** Take nothing any more. */
  stopConsuming(): void {
    this.#consumes = false;
  }

  /** Take all that waits, and all that comes. */
  consumeAll(): void {
    this.#consumes = true;
    this.stream.consume(this.#unconsumed);
    this.#unconsumed = 0;
  }

  text(): string {
    return Buffer.concat(this.body).toString("latin1");
  }

  /** Resolves once that is so. */
  until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!isSo()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** Resolves with how the stream ended. */
  async closed(): Promise<End> {
    await this.until(() => this.end !== undefined);
    return this.end ?? { code: -1, by: undefined };
  }

  onInformation(_: ServerStream, headers: HeaderBlock): void {
    this.informed.push(headers);
    this.#changed();
  }

  onResponse(_: ServerStream, headers: HeaderBlock, endStream: boolean): void {
    this.response = headers;
    this.isHeadersOnly = endStream;
    this.ended = endStream;
    this.#changed();
  }

  onData(stream: ServerStream, data: Buffer, endStream: boolean): void {
    this.body.push(Buffer.from(data));
    this.bytes += data.length;
    if (this.#consumes) stream.consume(data.length);
    else this.#unconsumed += data.length;
    this.ended = endStream;
    this.#changed();
  }

  onTrailers(_: ServerStream, trailers: HeaderBlock): void {
    this.trailers = trailers;
    this.ended = true;
    this.#changed();
  }

  onSent(): void {
    this.#changed();
  }

  onClose(stream: ServerStream, code: number): void {
    this.end = { code, by: stream.closedBy };
    this.#changed();
  }

  #changed(): void {
    for (const check of [...this.#waiting]) check();
  }
}
