// A request's stream that tells browsers who may read its answer, whoever
// answers: an instance, the gateway's own services, or the gateway itself.

import { cors } from "@connectrpc/connect";
import {
  type ClosedBy,
  createHeaderBlock,
  type HeaderBlock,
  HeaderField,
  type ServerStream,
  type ServerStreamHandler,
} from "../wire/index.ts";

/** Also for those who get nothing: a cache must keep the answers apart. */
const varyOrigin = new HeaderField("vary", "Origin");

/**
 * A stream whose answer carries CORS headers. All else is the stream's own.
 */
export class CorsStream implements ServerStream, ServerStreamHandler {
  readonly #stream: ServerStream;
  readonly #origin: string | undefined;
  #handler: ServerStreamHandler;

  /** `origin` is the page's, if it may read the answer. */
  constructor(stream: ServerStream, origin: string | undefined) {
    this.#stream = stream;
    this.#origin = origin;
    this.#handler = stream.handler;
  }

  respond(headers: HeaderBlock, endStream?: boolean): void {
    this.#stream.respond(addCorsHeaders(headers, this.#origin), endStream);
  }

  get handler(): ServerStreamHandler {
    return this.#handler;
  }

  set handler(handler: ServerStreamHandler) {
    this.#handler = handler;
    this.#stream.handler = this;
  }

  get httpVersion(): 1 | 2 {
    return this.#stream.httpVersion;
  }

  get context(): unknown {
    return this.#stream.context;
  }

  set context(context: unknown) {
    this.#stream.context = context;
  }

  get closed(): boolean {
    return this.#stream.closed;
  }

  get closedBy(): ClosedBy | undefined {
    return this.#stream.closedBy;
  }

  get localEnded(): boolean {
    return this.#stream.localEnded;
  }

  get remoteEnded(): boolean {
    return this.#stream.remoteEnded;
  }

  get headersSent(): boolean {
    return this.#stream.headersSent;
  }

  get queuedBytes(): number {
    return this.#stream.queuedBytes;
  }

  inform(headers: HeaderBlock): void {
    this.#stream.inform(headers);
  }

  write(data: Uint8Array, endStream?: boolean): boolean {
    return this.#stream.write(data, endStream);
  }

  end(trailers?: HeaderBlock): void {
    this.#stream.end(trailers);
  }

  reset(code: number): void {
    this.#stream.reset(code);
  }

  consume(bytes: number): void {
    this.#stream.consume(bytes);
  }

  hold(): void {
    this.#stream.hold();
  }

  release(): void {
    this.#stream.release();
  }

  // ServerStreamHandler: whoever handles it sees no other stream than this.

  onData(_: ServerStream, data: Buffer, endStream: boolean): void {
    this.#handler.onData(this, data, endStream);
  }

  onTrailers(_: ServerStream, trailers: HeaderBlock): void {
    this.#handler.onTrailers(this, trailers);
  }

  onSent(_: ServerStream, bytes: number): void {
    this.#handler.onSent(this, bytes);
  }

  onClose(_: ServerStream, code: number): void {
    this.#handler.onClose(this, code);
  }
}

/**
 * The header block of an answer, for a page of an origin that may read it, or
 * for all others. Kept with the answer's block: instances send the same again.
 */
export function addCorsHeaders(
  answer: HeaderBlock,
  origin: string | undefined,
): HeaderBlock {
  const { derived } = answer;
  if (derived instanceof AnswerTo && derived.origin === origin)
    return derived.block;
  const fields: (HeaderField | [name: string, value: string])[] = [
    ...answer.fields,
    varyOrigin,
  ];
  if (origin !== undefined)
    fields.push(
      ["access-control-allow-origin", origin],
      ["access-control-expose-headers", exposedHeaders(answer)],
    );
  const block = createHeaderBlock(fields);
  answer.derived = new AnswerTo(origin, block);
  return block;
}

/** What was derived from an answer, and for whom. */
class AnswerTo {
  readonly origin: string | undefined;
  readonly block: HeaderBlock;

  constructor(origin: string | undefined, block: HeaderBlock) {
    this.origin = origin;
    this.block = block;
  }
}

/** The protocols' own header fields, and what else there is: metadata. */
function exposedHeaders({ fields }: HeaderBlock): string {
  const names = new Set(cors.exposedHeaders.map((name) => name.toLowerCase()));
  for (const { name } of fields) if (!name.startsWith(":")) names.add(name);
  return [...names].join(", ");
}
