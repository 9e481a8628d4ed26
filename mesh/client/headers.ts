// Header blocks of HTTP/2 and Headers of the web, one from the other.

import { Code, ConnectError } from "@connectrpc/connect";
import {
  createHeaderBlock,
  type HeaderBlock,
  HeaderField,
} from "../../wire/index.ts";

/** gRPC allows no more digits in a time-out. */
const MAX_GRPC_TIMEOUT = 99_999_999;

/**
 * The fields of Headers, for a header block. Throws `internal` if HTTP/2 doesn't
 * allow them, "connection" for example.
 */
export function toFields(headers: Headers): HeaderField[] {
  const fields: HeaderField[] = [];
  for (const [name, value] of headers)
    fields.push(new HeaderField(name, value));
  try {
    createHeaderBlock(fields);
  } catch (error) {
    throw ConnectError.from(error, Code.Internal);
  }
  return fields;
}

/**
 * Headers of a header block, without what begins with ":".
 */
export function toHeaders(block: HeaderBlock | undefined): Headers {
  const headers = new Headers();
  for (const { name, value } of block?.fields ?? [])
    if (!name.startsWith(":")) headers.append(name, value);
  return headers;
}

/**
 * A time-out as gRPC's header says it, rounded up to what it can say.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function toGrpcTimeout(timeoutMs: number): string {
  const ms = Math.ceil(timeoutMs);
  if (ms <= MAX_GRPC_TIMEOUT) return `${ms}m`;
  const seconds = Math.ceil(ms / 1_000);
  if (seconds <= MAX_GRPC_TIMEOUT) return `${seconds}S`;
  return `${Math.min(Math.ceil(seconds / 3_600), MAX_GRPC_TIMEOUT)}H`;
}

/**
 * Headers that say a time-out, as Connect's transports write it, with the time
 * that is left of it after `elapsedMs`.
 */
export function shortenTimeout(
  fields: readonly HeaderField[],
  elapsedMs: number,
): readonly HeaderField[] {
  return fields.map((field) => {
    const ms = Number.parseFloat(field.value);
    const leftMs = Math.max(1, Math.ceil(ms - elapsedMs));
    if (field.name === "grpc-timeout" && field.value.endsWith("m"))
      return new HeaderField(field.name, toGrpcTimeout(leftMs));
    if (field.name === "connect-timeout-ms" && ms > 0)
      return new HeaderField(field.name, String(leftMs));
    return field;
  });
}

/** The same, of the web's Headers. */
export function shortenHeaders(headers: Headers, elapsedMs: number): Headers {
  const shortened = new Headers(headers);
  for (const name of ["grpc-timeout", "connect-timeout-ms"]) {
    const value = headers.get(name);
    if (value === null) continue;
    const given = [new HeaderField(name, value)];
    for (const field of shortenTimeout(given, elapsedMs))
      shortened.set(name, field.value);
  }
  return shortened;
}

/**
 * The time-out that headers say, in milliseconds; infinite if they say none.
 */
export function timeoutOf(fields: readonly HeaderField[]): number {
  for (const { name, value } of fields) {
    const ms = Number.parseFloat(value);
    if (name === "grpc-timeout" && value.endsWith("m")) return ms;
    if (name === "connect-timeout-ms" && ms > 0) return ms;
  }
  return Number.POSITIVE_INFINITY;
}
