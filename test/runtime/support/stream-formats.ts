// Calls with streams as bytes: their formats, and the messages of a greeter.

import {
  ChatRequestSchema,
  CountdownRequestSchema,
  HelloAllRequestSchema,
} from "../../../gen/greeter/v1/greeter_pb.ts";
import type { Field } from "../../support/raw-http2/hpack.ts";
import { envelope } from "../../support/raw-rpc.ts";
import { encodePayload, FORMATS, type Format } from "./formats.ts";
import type { Request } from "./request.ts";

/** Connect's streams have envelopes, and names of their own. */
export const STREAMS: readonly Format[] = FORMATS.map((format) =>
  format.protocol === "connect"
    ? {
        ...format,
        contentType: `application/connect+${format.codec}`,
        encodingField: "connect-content-encoding",
        acceptField: "connect-accept-encoding",
      }
    : format,
);

/** A request for a countdown. */
export const countdown = (format: Format, name: string, from = 3) =>
  envelope(0, encodePayload(format, CountdownRequestSchema, { name, from }));

/** Messages of a client's stream. */
export const names = (format: Format, ...all: readonly string[]) =>
  all.map((name) =>
    envelope(0, encodePayload(format, HelloAllRequestSchema, { name })),
  );

/** Messages of a chat. */
export const lines = (format: Format, ...all: readonly string[]) =>
  all.map((line) =>
    envelope(0, encodePayload(format, ChatRequestSchema, { line })),
  );

/** A request, but for what its format says. */
export type Make = (
  format: Format,
) => Partial<Request> & { more?: readonly Field[] };

/** A whole request. */
export function toRequest(format: Format, make: Make, http: 1 | 2): Request {
  const { more = [], path = "", ...rest } = make(format);
  const fields: Field[] = [["content-type", format.contentType], ...more];
  return { path, fields, http, ...rest };
}
