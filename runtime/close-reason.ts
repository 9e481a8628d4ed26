// Why a call ended before its answer did, as the error that its handler sees.

import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorCode, errorName, type ServerStream } from "../wire/index.ts";

/**
 * The error for a stream that was closed with a code of HTTP/2, in gRPC's own
 * reading of it:
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors
 */
export function closeReason(stream: ServerStream, code: number): ConnectError {
  if (stream.closedBy === "connection")
    return new ConnectError("the connection was lost", Code.Canceled);
  const message = `the stream was reset with ${errorName(code)}`;
  return new ConnectError(message, codeOf(code));
}

function codeOf(code: number): Code {
  switch (code) {
    // Who resets a stream without an error doesn't want the answer either.
    case ErrorCode.noError:
    case ErrorCode.streamClosed:
    case ErrorCode.cancel:
      return Code.Canceled;
    case ErrorCode.refusedStream:
      return Code.Unavailable;
    case ErrorCode.enhanceYourCalm:
      return Code.ResourceExhausted;
    case ErrorCode.inadequateSecurity:
    case ErrorCode.http11Required:
      return Code.PermissionDenied;
    default:
      return Code.Internal;
  }
}
