// An error that we author ourselves, in the caller's own protocol.
//
// gRPC: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
// gRPC-Web: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md
// Connect: https://connectrpc.com/docs/protocol

import { Code, type ConnectError } from "@connectrpc/connect";
import { codeHttpStatus, codeName } from "./codes.ts";
import { mediaType, type RpcProtocol } from "./protocol.ts";

/** A whole HTTP response. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent: the response ends with its headers. */
  readonly body?: Uint8Array;
}

/** What says that a response failed after its headers were sent. */
export type LateError =
  | { readonly trailers: Readonly<Record<string, string>> }
  | { readonly body: Uint8Array };

/** Flag of the envelope that ends a Connect stream. */
const CONNECT_END_STREAM = 0x02;

/** Flag of the envelope that carries a gRPC-Web stream's trailers. */
const GRPC_WEB_TRAILERS = 0x80;

/**
 * Encode an error as a whole response, for use before any header was sent.
 *
 * `protocol` undefined means that the caller speaks no protocol we know. It
 * is answered as Connect unary, whose errors are plain JSON; then `status`
 * says what was wrong in HTTP's own terms (404, 405, 415).
 */
export function encodeErrorAnswer(
  error: ConnectError,
  protocol: RpcProtocol | undefined,
  request: {
    readonly contentType: string | undefined;
    readonly status?: number;
  },
): Answer {
  const type = mediaType(request.contentType);
  switch (protocol) {
    case "grpc":
    case "grpc-web":
      return {
        status: 200,
        headers: { "content-type": type, ...grpcStatus(error) },
      };
    case "connect-stream":
      return {
        status: 200,
        headers: { "content-type": type },
        body: connectEndStream(error),
      };
    default: {
      const body = Buffer.from(JSON.stringify(connectError(error)));
      return {
        status: request.status ?? codeHttpStatus(error.code),
        headers: {
          // The same to every reader of Connect's errors; but whoever speaks
          // gRPC must not take it for one.
          "content-type":
            protocol === undefined
              ? "application/json; charset=utf-8"
              : "application/json",
          "content-length": String(body.length),
        },
        body,
      };
    }
  }
}

/**
 * Encode an error for a response whose headers were sent already.
 *
 * Returns undefined where the protocol leaves no way to say it: the response
 * has to be cut off. A body may be appended only at a message boundary.
 */
export function encodeLateError(
  error: ConnectError,
  protocol: RpcProtocol | undefined,
  contentType: string | undefined,
): LateError | undefined {
  switch (protocol) {
    case "grpc":
      return { trailers: grpcStatus(error) };
    case "grpc-web": {
      const lines = Object.entries(grpcStatus(error))
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join("");
      const frame = envelope(GRPC_WEB_TRAILERS, Buffer.from(lines));
      // The text format is base64; several padded chunks may follow each other.
      return mediaType(contentType).startsWith("application/grpc-web-text")
        ? { body: Buffer.from(frame.toString("base64")) }
        : { body: frame };
    }
    case "connect-stream":
      return { body: connectEndStream(error) };
    default:
      return undefined;
  }
}

function grpcStatus(error: ConnectError): Record<string, string> {
  return {
    "grpc-status": String(error.code),
    "grpc-message": percentEncode(error.rawMessage),
  };
}

/**
 * Encode a message for `grpc-message`: printable ASCII but "%" stands for
 * itself, every other byte of the UTF-8 text becomes %XX. So does a space at
 * either end: HTTP takes it for no part of the value.
 */
export function percentEncode(text: string): string {
  const encoded = Array.from(Buffer.from(text), (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("");
  return encoded.replace(/^ | $/g, "%20");
}

function connectEndStream(error: ConnectError): Buffer {
  const json = JSON.stringify({ error: connectError(error) });
  return envelope(CONNECT_END_STREAM, Buffer.from(json));
}

function connectError(error: ConnectError) {
  return { code: codeName(error.code), message: error.rawMessage };
}

function envelope(flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}

/** The HTTP status for a code where the caller speaks no RPC protocol. */
export const statusOf = {
  notFound: { status: 404, code: Code.Unimplemented },
  methodNotAllowed: { status: 405, code: Code.Unknown },
  httpVersion: { status: 505, code: Code.Unknown },
  unsupportedMediaType: { status: 415, code: Code.Unknown },
} as const;
