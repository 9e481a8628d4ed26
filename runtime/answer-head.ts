// The header block and the trailers of an answer.
//
// Applications name and fill fields as they like, and HTTP carries less than
// Headers takes.

import { Code } from "@connectrpc/connect";
import { percentEncode } from "../rpc/index.ts";
import {
  createHeaderBlock,
  type HeaderBlock,
  HeaderField,
} from "../wire/index.ts";
import { dateField } from "./http-date.ts";

/** They concern one HTTP/1.1 connection, which is not the application's. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

type Fields = Iterable<readonly [name: string, value: string]>;

/**
 * Create an answer's header block, with a date unless there is one. Names are
 * in lower case. Throws TypeError on a field that HTTP can't carry.
 */
export function createAnswerHead(status: number, fields: Fields): HeaderBlock {
  const list = toFields(fields);
  if (!list.some(({ name }) => name === "date")) list.push(dateField());
  return createHeaderBlock([[":status", String(status)], ...list]);
}

/**
 * Create a gRPC answer's trailers. If HTTP can't carry one of them, they say
 * `internal` instead of whatever they were to say.
 */
export function createTrailers(trailers: Headers): HeaderBlock {
  try {
    const list = toFields(trailers).map((field) =>
      field.name === "grpc-message" ? encodeMinimally(field) : field,
    );
    return createHeaderBlock(list);
  } catch {
    return createHeaderBlock([
      ["grpc-status", String(Code.Internal)],
      ["grpc-message", "internal error"],
    ]);
  }
}

function toFields(fields: Fields): HeaderField[] {
  const list: HeaderField[] = [];
  for (const [name, value] of fields)
    if (!CONNECTION_FIELDS.has(name)) list.push(new HeaderField(name, value));
  return list;
}

/**
 * Connect percent-encodes a gRPC message with encodeURIComponent(), @grpc/grpc-js
 * decodes it with decodeURI(), which leaves ":", "/", "," and some more encoded.
 * Encoded only where gRPC requires it, every client reads it right.
 */
function encodeMinimally(field: HeaderField): HeaderField {
  const { name, value } = field;
  try {
    return new HeaderField(name, percentEncode(decodeURIComponent(value)));
  } catch {
    // Not Connect's: the application set the field itself.
    return field;
  }
}
