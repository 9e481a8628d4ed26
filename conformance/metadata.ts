// Header fields and errors, from the runner's messages to Connect's and back.

import {
  create,
  createRegistry,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { type Code, ConnectError } from "@connectrpc/connect";
import type { Code as CodeMessage } from "./.cache/gen/connectrpc/conformance/v1/config_pb.ts";
import {
  type Error as ErrorMessage,
  ErrorSchema,
  file_connectrpc_conformance_v1_service,
  type Header,
  type HeaderSchema,
} from "./.cache/gen/connectrpc/conformance/v1/service_pb.ts";

/** The messages that may stand in an Any; the JSON form has to know them. */
export const registry = createRegistry(file_connectrpc_conformance_v1_service);

const TYPE_URL_PREFIX = "type.googleapis.com/";

/**
 * Add header fields to some.
 */
export function addHeaders(to: Headers, headers: readonly Header[] = []): void {
  for (const { name, value } of headers) {
    for (const one of value) to.append(name, one);
  }
}

/**
 * Header fields for the runner. Those of one name are one, with commas.
 */
export function toHeaderList(
  headers: Headers,
): MessageInitShape<typeof HeaderSchema>[] {
  return Array.from(headers, ([name, value]) => ({ name, value: [value] }));
}

/**
 * The error that a case wants to be thrown.
 */
export function toConnectError({
  code,
  message,
  details,
}: ErrorMessage): ConnectError {
  // The numbers are the same, the types are two.
  const error = new ConnectError(message ?? "", code as number as Code);
  error.details = details.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
    value,
  }));
  return error;
}

/**
 * What a call failed with, for the runner.
 */
export function toErrorMessage(error: ConnectError): ErrorMessage {
  return create(ErrorSchema, {
    code: error.code as number as CodeMessage,
    message: error.rawMessage,
    details: error.details.flatMap((detail) =>
      "type" in detail ? [toAny(detail)] : [],
    ),
  });
}

type Detail = { readonly type: string; readonly value: Uint8Array };

function toAny({ type, value }: Detail): Omit<Any, "$typeName"> {
  return { typeUrl: `${TYPE_URL_PREFIX}${type}`, value };
}
