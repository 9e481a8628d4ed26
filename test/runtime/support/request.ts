// A request as bytes and fields, and what came back for it, in one form for both
// HTTP versions, so that answers can be compared.

import { createHash } from "node:crypto";
import type { Field } from "../../support/raw-http2/hpack.ts";
import { comparedValue } from "./differences.ts";

/** How a request ends. */
export type RequestEnd =
  /** With its last piece, or with its header fields if there is none. */
  | "last piece"
  /** With an empty piece of its own. */
  | "empty piece"
  /** With trailers. */
  | "trailers"
  /** Not at all. */
  | "never";

/** What to send. */
export interface Request {
  /** Defaults to 2. */
  readonly http?: 1 | 2;
  /** Defaults to POST. */
  readonly method?: string;
  readonly path: string;
  /** Beside the pseudo-headers, and host in HTTP/1.1. */
  readonly fields: readonly Field[];
  /** DATA frames, or chunks. Defaults to none. */
  readonly pieces?: readonly Uint8Array[];
  /** Defaults to "last piece". */
  readonly end?: RequestEnd;
  /** HTTP/1.1: one body with a content-length instead of chunks. */
  readonly whole?: boolean;
  /** Let the other side see each piece before the next one comes. */
  readonly slowly?: boolean;
}

/** What came back. */
export interface Outcome {
  readonly status: number;
  /** Sorted by name. */
  readonly fields: readonly Field[];
  readonly body: Buffer;
  readonly trailers: readonly Field[];
  /** What ended it: "headers", "data", "trailers", a reset with its code ... */
  readonly end: string;
}

/** A request under way. */
export interface Exchange {
  write(bytes: Uint8Array): void;
  /** End the request. */
  end(): void;
  /** HTTP/2: reset the stream. HTTP/1.1: hang up. */
  cancel(code?: number): void;
  /** Resolves when the answer's head has come. */
  readonly head: Promise<unknown>;
  /** Resolves when so many bytes of its body have come. */
  received(bytes: number): Promise<Buffer>;
  readonly outcome: Promise<Outcome>;
}

/** A connection to one side. */
export interface Line extends Disposable {
  start(request: Request): Exchange;
}

/** Longer bodies are compared by their length and digest. */
const SHOWN_BYTES = 2_000;

/** An outcome as plain values that are equal if the outcomes are. */
export function toPlain(outcome: Outcome) {
  const { status, fields, body, trailers, end } = outcome;
  return {
    status,
    fields: sorted(fields),
    body: toText(body),
    trailers: sorted(trailers),
    // Whether an empty frame follows the header fields means nothing.
    end: end === "data" && body.length === 0 ? "headers" : end,
  };
}

/** Bytes as something that a reader of a failure can make sense of. */
export function toText(body: Buffer): unknown {
  if (body.length <= SHOWN_BYTES) return body.toString("latin1");
  const digest = createHash("sha256").update(body).digest("hex");
  return { bytes: body.length, digest };
}

/** The order of different fields means nothing, that of equal ones does. */
function sorted(fields: readonly Field[]): Field[] {
  return fields
    .map(([name, value]): Field => [name, comparedValue(name, value)])
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
