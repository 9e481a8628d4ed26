// What a caller is told of a stream that ended before its answer did.
//
// A connection that broke is always "unavailable": nobody cancelled anything,
// and the caller may look for another instance. What an instance says by the
// code of a reset is translated as gRPC does it, except for CANCEL and NO_ERROR:
// an instance can't cancel for the caller, and one that breaks off without a
// fault is as good as gone. HTTP_1_1_REQUIRED, which gRPC leaves open, is
// "permission denied", as in connect-node.
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors

import { Code, ConnectError } from "@connectrpc/connect";
import {
  ErrorCode,
  errorName,
  internalLimits,
  type Stream,
} from "../../wire/index.ts";
import {
  describeFailure,
  socketError,
  wasNeverSeen,
} from "../upstream/index.ts";

/**
 * The error for a stream to `address` that has closed with `code`.
 */
export function errorOfLoss(
  stream: Stream,
  code: number,
  address: string,
): ConnectError {
  switch (stream.closedBy) {
    case "refused":
      return unavailable(`${address} refused the call`);
    case "peer":
      return new ConnectError(
        `${address} reset the stream: ${errorName(code)}`,
        codeOfReset(code),
      );
    case "local":
      return new ConnectError(
        `the call on ${address} failed: ${describeFailure(stream, code)}`,
        code === ErrorCode.cancel ? Code.Unavailable : Code.Internal,
      );
    default: {
      const cause = socketError(stream);
      const isClean = code === ErrorCode.noError;
      const reason =
        cause?.message ?? (isClean ? undefined : describeFailure(stream, code));
      const what = wasNeverSeen(stream)
        ? `${address} can't be reached`
        : `the connection to ${address} broke`;
      return unavailable(
        reason === undefined ? what : `${what}: ${reason}`,
        cause,
      );
    }
  }
}

/** The error for a call that an instance has no room for. */
export function errorOfFullness(address: string): ConnectError {
  return unavailable(`${address} takes no more calls`);
}

/** The error for an instance that never said how many calls it takes. */
export function errorOfSilence(address: string): ConnectError {
  return unavailable(`${address} can't be reached`);
}

/** The error for an instance that can't be where it says it is. */
export function errorOfAddress(address: string): ConnectError {
  return unavailable(`${JSON.stringify(address)} is no address`);
}

/** The error for a call with more headers than instances take. */
export function errorOfHeaders(bytes: number): ConnectError {
  const { maxHeaderListBytes } = internalLimits;
  return new ConnectError(
    `the request's headers have ${bytes} bytes, ${maxHeaderListBytes} at most can be sent`,
    Code.ResourceExhausted,
  );
}

/** The error for a call whose time is over. */
export function errorOfDeadline(): ConnectError {
  return new ConnectError("the operation timed out", Code.DeadlineExceeded);
}

function unavailable(message: string, cause?: Error): ConnectError {
  return new ConnectError(
    message,
    Code.Unavailable,
    undefined,
    undefined,
    cause,
  );
}

function codeOfReset(code: number): Code {
  switch (code) {
    case ErrorCode.noError:
    case ErrorCode.cancel:
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
