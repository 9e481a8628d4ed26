// The RPC protocols as bytes: what a request looks like, and where a failure
// stands in a response. Written from the protocols' own pages, and not with
// rpc/, which it checks.
//
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
// https://connectrpc.com/docs/protocol

import assert from "node:assert/strict";
import { Code } from "@connectrpc/connect";
import {
  type HttpVersion,
  httpVersions,
  type RawResponse,
  sendRequest,
} from "./raw-http.ts";

/** The protocols, and the two ways to write gRPC-Web. */
export type RawProtocol =
  | "gRPC"
  | "gRPC-Web"
  | "gRPC-Web text"
  | "Connect unary"
  | "Connect streaming";

/** A protocol over an HTTP version that carries it. */
export interface RawKind {
  readonly protocol: RawProtocol;
  readonly version: HttpVersion;
}

/** All of them, for tables: gRPC needs HTTP/2. */
export const rawKinds: readonly RawKind[] = [
  { protocol: "gRPC", version: "h2c" },
  ...httpVersions.flatMap((version): RawKind[] => [
    { protocol: "gRPC-Web", version },
    { protocol: "gRPC-Web text", version },
    { protocol: "Connect unary", version },
    { protocol: "Connect streaming", version },
  ]),
];

/** A failure, as a client of the protocol reads it. */
export interface Failure {
  /** Connect's name of the code: "unavailable". */
  readonly code: string;
  readonly message: string;
}

/** The content type of a protocol with JSON messages. */
export function contentTypeOf(protocol: RawProtocol): string {
  switch (protocol) {
    case "gRPC":
      return "application/grpc+json";
    case "gRPC-Web":
      return "application/grpc-web+json";
    case "gRPC-Web text":
      return "application/grpc-web-text+json";
    case "Connect unary":
      return "application/json";
    case "Connect streaming":
      return "application/connect+json";
  }
}

/** The header fields of a request. */
export function headersOf(protocol: RawProtocol): Record<string, string> {
  const type = { "content-type": contentTypeOf(protocol) };
  return protocol === "gRPC" ? { ...type, te: "trailers" } : type;
}

/** One message as it stands in a body; `json` may be malformed on purpose. */
export function encodeMessage(protocol: RawProtocol, json: string): Buffer {
  const payload = Buffer.from(json);
  if (protocol === "Connect unary") return payload;
  const frame = envelope(0, payload);
  return protocol === "gRPC-Web text" ? base64(frame) : frame;
}

/** Send one message to a method, "package.Service/Method". */
export function callRaw(
  { protocol, version }: RawKind,
  target: { readonly url: string; readonly method: string },
  json: string,
): Promise<RawResponse> {
  return sendRequest({
    ...{ version, url: target.url, path: `/${target.method}` },
    headers: headersOf(protocol),
    body: encodeMessage(protocol, json),
  });
}

/** Five bytes of flags and length, then the payload. */
export function envelope(flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}

/** All envelopes of a body. Fails if the last one is not whole. */
export function parseEnvelopes(body: Buffer) {
  const found: { flags: number; payload: Buffer }[] = [];
  for (let at = 0; at < body.length; ) {
    const flags = body.readUInt8(at);
    const end = at + 5 + body.readUInt32BE(at + 1);
    assert.ok(end <= body.length, "an envelope is cut");
    found.push({ flags, payload: body.subarray(at + 5, end) });
    at = end;
  }
  return found;
}

/**
 * Read the failure of a response that has nothing but the failure, and check
 * that it stands where the protocol wants it. `status` is the HTTP status of
 * unary Connect, where it is not the one of the code.
 */
export function readFailure(
  protocol: RawProtocol,
  response: RawResponse,
  status?: number,
): Failure {
  const type = contentTypeOf(protocol);
  assert.ok(response.complete, "the response was cut");
  assert.equal(response.headers["content-type"], type);
  switch (protocol) {
    case "gRPC": {
      // Trailers-only, or header fields and then trailers.
      assert.equal(response.status, 200);
      assert.equal(response.body.length, 0);
      const only = response.headersOnly;
      return grpcFailure(only ? response.headers : response.trailers);
    }
    case "gRPC-Web":
    case "gRPC-Web text": {
      assert.equal(response.status, 200);
      if (response.body.length === 0) return grpcFailure(response.headers);
      return readLateFailure(protocol, response).failure;
    }
    case "Connect unary": {
      const { code, message } = JSON.parse(response.body.toString());
      assert.equal(response.status, status ?? httpStatusOf(code));
      return { code, message };
    }
    case "Connect streaming": {
      assert.equal(response.status, 200);
      const { messages, failure } = readLateFailure(protocol, response);
      assert.equal(messages.length, 0);
      return failure;
    }
  }
}

/**
 * Read a streaming response that ends with a failure: the messages before it,
 * and the failure in trailers or in the last envelope.
 */
export function readLateFailure(protocol: RawProtocol, response: RawResponse) {
  const text = protocol === "gRPC-Web text";
  const body = text ? unbase64(response.body) : response.body;
  const all = parseEnvelopes(body);
  if (protocol === "gRPC") {
    const messages = all.map(({ payload }) => payload.toString());
    return { messages, failure: grpcFailure(response.trailers) };
  }
  const last = all.pop();
  assert.ok(last !== undefined, "there is no last envelope");
  const messages = all.map(({ payload }) => payload.toString());
  if (protocol === "Connect streaming") {
    assert.equal(last.flags, 0x02);
    const { code, message } = JSON.parse(last.payload.toString()).error;
    return { messages, failure: { code, message } };
  }
  assert.equal(last.flags, 0x80);
  const lines = last.payload.toString().trimEnd().split("\r\n");
  const fields = lines.map((line) => /^([^:]+): *(.*)$/.exec(line) ?? []);
  return {
    messages,
    failure: grpcFailure(
      Object.fromEntries(fields.map(([, ...field]) => field)),
    ),
  };
}

function grpcFailure(fields: Readonly<Record<string, unknown>>): Failure {
  const status = Number(fields["grpc-status"]);
  const message = decodeURIComponent(String(fields["grpc-message"] ?? ""));
  return { code: codeName(status), message };
}

/** "Unavailable" of the enum is "unavailable" on the wire. */
function codeName(code: number): string {
  const name = Code[code] ?? `no code: ${code}`;
  return name.replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}

/** https://connectrpc.com/docs/protocol#error-codes */
function httpStatusOf(code: string): number | undefined {
  const statuses: Readonly<Record<string, number>> = {
    invalid_argument: 400,
    resource_exhausted: 429,
    unimplemented: 501,
    internal: 500,
    unavailable: 503,
  };
  return statuses[code];
}

function base64(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString("base64"));
}

/** Decodes chunks that were padded each on its own. */
function unbase64(bytes: Buffer): Buffer {
  const chunks = bytes.toString().match(/[^=]+=*/g) ?? [];
  return Buffer.concat(chunks.map((chunk) => Buffer.from(chunk, "base64")));
}
