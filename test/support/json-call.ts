// Calls a method of which only the descriptor is known, JSON in and JSON out.

import {
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  fromJson,
  type JsonValue,
  toJson,
} from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";

/** A Connect client's transport in each protocol, over each HTTP version that it allows. */
export const transports: Readonly<Record<string, (url: string) => Transport>> =
  {
    "Connect over HTTP/1.1": (baseUrl) =>
      createConnectTransport({ baseUrl, httpVersion: "1.1" }),
    "Connect over HTTP/2": (baseUrl) =>
      createConnectTransport({ baseUrl, httpVersion: "2" }),
    gRPC: (baseUrl) => createGrpcTransport({ baseUrl }),
    "gRPC-Web over HTTP/1.1": (baseUrl) =>
      createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
    "gRPC-Web over HTTP/2": (baseUrl) =>
      createGrpcWebTransport({ baseUrl, httpVersion: "2" }),
  };

/** Call a unary method. Rejects with a ConnectError. */
export async function callJson(
  transport: Transport,
  method: DescMethod,
  request: JsonValue,
): Promise<JsonValue> {
  if (!isUnary(method)) throw new Error(`${method.name} is a stream`);
  const message = fromJson(method.input, request);
  const response = await transport.unary(
    ...([method, undefined, undefined, undefined, message] as const),
  );
  return toJson(method.output, response.message);
}

function isUnary(
  method: DescMethod,
): method is DescMethodUnary<DescMessage, DescMessage> {
  return method.methodKind === "unary";
}
