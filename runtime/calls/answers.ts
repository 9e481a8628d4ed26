// Header blocks and bodies of answers. Those that went well and to which nobody
// added anything are always the same, and so are made once, and encoded once.

import { Code, ConnectError } from "@connectrpc/connect";
import { mergeNonProtocolHeaders } from "@connectrpc/connect/protocol";
import {
  codeToHttpStatus,
  errorToJsonBytes,
  trailerMux,
} from "@connectrpc/connect/protocol-connect";
import { trailerSerialize } from "@connectrpc/connect/protocol-grpc-web";
import {
  createHeaderBlock,
  type HeaderBlock,
  type HeaderField,
} from "../../wire/index.ts";
import { createAnswerHead, createTrailers } from "../answer-head.ts";
import { dateField } from "../http-date.ts";
import type { CallContext } from "./call-context.ts";
import type { Protocol } from "./protocols.ts";

/** Envelopes up to this size are written together with their message. */
const SMALL_MESSAGE_BYTES = 16 << 10;

export const EnvelopeFlag = {
  none: 0,
  compressed: 0x01,
  connectEnd: 0x02,
  grpcWebTrailers: 0x80,
} as const;

export const ENVELOPE_BYTES = 5;

/** What bytes can be written to. */
interface Sink {
  write(data: Uint8Array): unknown;
}

/** Write a message in its envelope. */
export function writeEnvelope(
  sink: Sink,
  flags: number,
  message: Uint8Array,
): void {
  const isSmall = message.length <= SMALL_MESSAGE_BYTES;
  const size = ENVELOPE_BYTES + (isSmall ? message.length : 0);
  const bytes = Buffer.allocUnsafe(size);
  bytes[0] = flags;
  bytes.writeUInt32BE(message.length, 1);
  if (isSmall) bytes.set(message, ENVELOPE_BYTES);
  sink.write(bytes);
  if (!isSmall) sink.write(message);
}

/** Blocks with the date of this second. */
const heads = new Map<Protocol, Map<string | number, HeaderBlock>>();
let date: HeaderField | undefined;

/** No second needs more of them. */
const MAX_HEADS = 4_096;

/**
 * The header block of an answer that went well: for Connect's unary answers
 * with the length of the body, for others with the compression.
 */
export function okHead(
  protocol: Protocol,
  compression: string | undefined,
  bodyBytes: number,
): HeaderBlock {
  const today = dateField();
  if (today !== date) {
    heads.clear();
    date = today;
  }
  let ofProtocol = heads.get(protocol);
  if (ofProtocol === undefined || ofProtocol.size > MAX_HEADS) {
    ofProtocol = new Map();
    heads.set(protocol, ofProtocol);
  }
  const key = bodyBytes >= 0 ? bodyBytes : (compression ?? "");
  let head = ofProtocol.get(key);
  if (head === undefined) {
    const fields = [...protocol.headFields(compression)];
    if (bodyBytes >= 0) fields.push(["content-length", String(bodyBytes)]);
    head = createAnswerHead(200, fields);
    ofProtocol.set(key, head);
  }
  return head;
}

const grpcOk = createHeaderBlock([["grpc-status", "0"]]);
const grpcWebOk = trailerSerialize(new Headers([["grpc-status", "0"]]));

/** gRPC's trailers, as a handler left them. */
export function trailersOf(context: CallContext): HeaderBlock {
  return context.hasPristineTrailer
    ? grpcOk
    : createTrailers(context.responseTrailer);
}

/** The same as gRPC-Web has them, in a body. */
export function trailerBytesOf(context: CallContext): Uint8Array {
  return context.hasPristineTrailer
    ? grpcWebOk
    : trailerSerialize(context.responseTrailer);
}

/** What a caller is told of something that was thrown. */
export function toCallError(thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) return thrown;
  return new ConnectError(
    "internal error",
    Code.Internal,
    undefined,
    undefined,
    thrown,
  );
}

/** An answer of Connect's unary form. */
export interface UnaryAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** Make an error an answer; what it carries is added to the header. */
export function toErrorAnswer(
  error: ConnectError,
  context: CallContext,
  jsonOptions: Parameters<typeof errorToJsonBytes>[1],
): UnaryAnswer {
  const header = context.responseHeader;
  header.set("content-type", "application/json");
  // What another server said about its own answer isn't ours to repeat.
  if (!error.isWireError) mergeNonProtocolHeaders(header, error.metadata);
  return {
    status: codeToHttpStatus(error.code),
    body: errorToJsonBytes(error, jsonOptions),
  };
}

/** The header of a unary answer: trailers are a part of it. */
export function unaryHeader(
  context: CallContext,
  { body }: UnaryAnswer,
  encoding: readonly [name: string, value: string] | undefined,
): Headers {
  const header = trailerMux(context.responseHeader, context.responseTrailer);
  if (encoding !== undefined) header.set(...encoding);
  header.set("content-length", String(body.length));
  return header;
}
