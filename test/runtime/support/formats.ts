// The protocols and codecs of unary calls as bytes.

import {
  create,
  type DescMessage,
  type MessageInitShape,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { HelloRequestSchema } from "../../../gen/greeter/v1/greeter_pb.ts";
import type { Field } from "../../support/raw-http2/hpack.ts";
import { envelope } from "../../support/raw-rpc.ts";
import type { Request } from "./request.ts";
import { PATHS } from "./sides.ts";

/** A protocol with a codec. */
export interface Format {
  readonly name: string;
  readonly protocol: "grpc" | "grpc-web" | "connect";
  readonly codec: "proto" | "json";
  readonly contentType: string;
  /** Fields that say how messages are compressed, and may be. */
  readonly encodingField: string;
  readonly acceptField: string;
  readonly timeoutField: string;
}

const GRPC = {
  encodingField: "grpc-encoding",
  acceptField: "grpc-accept-encoding",
  timeoutField: "grpc-timeout",
} as const;

const CONNECT = {
  encodingField: "content-encoding",
  acceptField: "accept-encoding",
  timeoutField: "connect-timeout-ms",
} as const;

/** All of unary calls. */
export const FORMATS: readonly Format[] = (["proto", "json"] as const).flatMap(
  (codec): Format[] => [
    {
      ...{ name: `gRPC with ${codec}`, protocol: "grpc", codec, ...GRPC },
      contentType: `application/grpc+${codec}`,
    },
    {
      ...{ name: `gRPC-Web with ${codec}`, protocol: "grpc-web", ...GRPC },
      ...{ codec, contentType: `application/grpc-web+${codec}` },
    },
    {
      ...{ name: `Connect with ${codec}`, protocol: "connect", ...CONNECT },
      ...{ codec, contentType: `application/${codec}` },
    },
  ],
);

/** One codec of each protocol. */
export const PROTO_FORMATS = FORMATS.filter(({ codec }) => codec === "proto");

/** A message in a format, without an envelope. */
export function encodePayload<Desc extends DescMessage>(
  { codec }: Pick<Format, "codec">,
  desc: Desc,
  message: MessageInitShape<Desc>,
): Buffer {
  const whole = create(desc, message);
  return codec === "json"
    ? Buffer.from(toJsonString(desc, whole))
    : Buffer.from(toBinary(desc, whole));
}

/** A payload as it stands in a body. */
export function wrap(
  { protocol }: Pick<Format, "protocol">,
  payload: Buffer,
  flags = 0,
): Buffer {
  return protocol === "connect" ? payload : envelope(flags, payload);
}

/** The body of a greeting's request. */
export function helloBody(format: Format, name = "john"): Buffer {
  return wrap(format, encodePayload(format, HelloRequestSchema, { name }));
}

/** The fields that every request of a format has. */
export function fieldsOf(format: Format): Field[] {
  const type: Field = ["content-type", format.contentType];
  return format.protocol === "grpc" ? [type, ["te", "trailers"]] : [type];
}

/** A greeting's request, with some fields more and whatever is different. */
export function hello(
  format: Format,
  fields: readonly Field[] = [],
  rest: Partial<Request> = {},
): Request {
  return {
    path: PATHS.hello,
    fields: [...fieldsOf(format), ...fields],
    pieces: [helloBody(format)],
    ...rest,
  };
}
