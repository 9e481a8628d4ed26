// The three protocols, each with protobuf's binary format or JSON: what their
// requests say, and how answers that went well begin and end.
//
// gRPC: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
// gRPC-Web: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
// Connect: https://connectrpc.com/docs/protocol

import {
  parseContentType as parseConnect,
  parseTimeout as parseConnectTimeout,
} from "@connectrpc/connect/protocol-connect";
import {
  parseContentType as parseGrpc,
  parseTimeout as parseGrpcTimeout,
} from "@connectrpc/connect/protocol-grpc";
import { parseContentType as parseGrpcWeb } from "@connectrpc/connect/protocol-grpc-web";

/** A header field. */
export type Field = readonly [name: string, value: string];

/**
 * A protocol with a format of messages.
 */
export interface Protocol {
  readonly name: "grpc" | "grpc-web" | "connect";
  readonly isBinary: boolean;
  /** Messages lie in envelopes. */
  readonly isEnveloped: boolean;
  /** Connect's form for streams. */
  readonly isStream: boolean;
  /** Of an answer. */
  readonly contentType: string;
  /** Names of the header fields that say how messages are compressed. */
  readonly encodingName: string;
  readonly acceptEncodingName: string;
  readonly timeoutName: string;
  readonly parseTimeout: typeof parseGrpcTimeout;
  /** An answer's header fields, as a handler finds them. */
  headFields(compression: string | undefined): readonly Field[];
  /** Its trailers. */
  readonly trailerFields: readonly Field[];
}

const GRPC_TRAILERS: readonly Field[] = [["grpc-status", "0"]];

function createProtocol(
  name: Protocol["name"],
  isBinary: boolean,
  isStream: boolean,
): Protocol {
  const prefix =
    name === "connect"
      ? `application/${isStream ? "connect+" : ""}`
      : `application/${name}+`;
  const contentType = `${prefix}${isBinary ? "proto" : "json"}`;
  const isConnect = name === "connect";
  const isUnaryConnect = isConnect && !isStream;
  const encodingName = isConnect
    ? `${isStream ? "connect-" : ""}content-encoding`
    : "grpc-encoding";
  const plain: readonly Field[] = [["content-type", contentType]];
  return {
    ...{ name, isBinary, isStream, contentType, encodingName },
    isEnveloped: !isUnaryConnect,
    acceptEncodingName: isConnect
      ? `${isStream ? "connect-" : ""}accept-encoding`
      : "grpc-accept-encoding",
    timeoutName: isConnect ? "connect-timeout-ms" : "grpc-timeout",
    parseTimeout: isConnect ? parseConnectTimeout : parseGrpcTimeout,
    // Where messages are the body, an answer says that it is compressed only
    // if it is.
    headFields: (compression) =>
      compression === undefined || isUnaryConnect
        ? plain
        : [...plain, [encodingName, compression]],
    trailerFields: isConnect ? [] : GRPC_TRAILERS,
  };
}

const both = (name: Protocol["name"], isStream: boolean) => ({
  binary: createProtocol(name, true, isStream),
  json: createProtocol(name, false, isStream),
});

const grpc = both("grpc", false);
const grpcWeb = both("grpc-web", false);
const connectUnary = both("connect", false);
const connectStream = both("connect", true);

/** As clients write them. Other forms, in capitals for example, are parsed. */
const USUAL: readonly string[] = [
  ...["application/grpc", "application/grpc+proto", "application/grpc+json"],
  ...["application/grpc-web", "application/grpc-web+proto"],
  ...["application/grpc-web+json", "application/proto", "application/json"],
  ...["application/connect+proto", "application/connect+json"],
];
const known = new Map(USUAL.map((type) => [type, parse(type)] as const));

/** Tell the protocol by a content type; undefined if it is none of these. */
export function protocolOf(contentType: string): Protocol | undefined {
  return known.get(contentType) ?? parse(contentType);
}

function parse(contentType: string): Protocol | undefined {
  const asGrpc = parseGrpc(contentType);
  if (asGrpc !== undefined) return asGrpc.binary ? grpc.binary : grpc.json;
  const asWeb = parseGrpcWeb(contentType);
  if (asWeb !== undefined && !asWeb.text)
    return asWeb.binary ? grpcWeb.binary : grpcWeb.json;
  const asConnect = parseConnect(contentType);
  if (asConnect === undefined) return undefined;
  const kind = asConnect.stream ? connectStream : connectUnary;
  return asConnect.binary ? kind.binary : kind.json;
}
