// One log line per call, written when the call has ended.
//
// A line tells who, what, how and how long, and nothing of what was said: no
// message, no header, no password and no token ever gets here. Calls that fail
// before a handler is chosen (unknown path, unreadable body) never reach an
// interceptor and so have no line.

import {
  Code,
  ConnectError,
  type Interceptor,
  type StreamRequest,
  type UnaryRequest,
} from "@connectrpc/connect";
import type { Logger } from "pino";
import { errorMessage } from "../../core/index.ts";
import { addCallId, CALL_ID_HEADER, resolveCallId } from "./call-id.ts";
import { isInfrastructure } from "./infrastructure.ts";
import { levelOf } from "./level.ts";

/**
 * Options for createLoggingInterceptor().
 */
export interface LoggingOptions {
  /** Gets one line per call. Use a child logger to add fields to each. */
  readonly logger: Logger;
  /**
   * A monotonic clock, in milliseconds.
   *
   * Defaults to performance.now.
   */
  readonly now?: () => number;
}

/**
 * Create an interceptor that logs every call once. It belongs first in the
 * list, so that it sees what the others refuse.
 *
 * The fields of a line:
 * - `callId`: the request's `x-request-id`, or a random one. The handler finds
 *   it in the request's headers, the caller in the response's.
 * - `method`: "greeter.v1.GreeterService/Hello".
 * - `protocol`: "connect", "grpc" or "grpc-web".
 * - `code`: "ok", or Connect's name of the error code.
 * - `durationMs`: from the first interceptor to the end, rounded to 0.01.
 * - `error`: the error's message, unless ok.
 * - `stack`: on level "error" only; the caller sees none of it.
 *
 * A call has ended when its handler has answered or failed (a stream: when its
 * last message was taken), or when its signal was aborted before, because the
 * caller went away or the deadline passed. See levelOf() for the levels.
 */
export function createLoggingInterceptor(options: LoggingOptions): Interceptor {
  const { logger, now = () => performance.now() } = options;
  return (next) =>
    async function logCall(request) {
      const callId = resolveCallId(request.header);
      request.header.set(CALL_ID_HEADER, callId);
      const call = startCall({ request, callId, logger, now });
      try {
        const response = await next(call.request);
        response.header.set(CALL_ID_HEADER, callId);
        if (!response.stream) {
          call.end();
          return response;
        }
        return { ...response, message: endWith(response.message, call.end) };
      } catch (failure) {
        call.end(failure);
        throw addCallId(failure, callId);
      }
    };
}

type AnyRequest = UnaryRequest | StreamRequest;

interface CallInit {
  request: AnyRequest;
  callId: string;
  logger: Logger;
  now: () => number;
}

interface Call {
  /** The request to go on with. */
  request: AnyRequest;
  /** Write the line, with the failure if there was one. Only the first counts. */
  end: (failure?: unknown) => void;
}

function startCall({ request, callId, logger, now }: CallInit): Call {
  const { service, method, signal } = request;
  const startedMs = now();
  let unreadable: unknown;
  let ended = false;

  function end(failure?: unknown): void {
    if (ended) return;
    ended = true;
    signal.removeEventListener("abort", onAbort);
    const code = failure === undefined ? undefined : codeOf(failure);
    const level = levelOf(code, isInfrastructure(service));
    const fields = {
      callId,
      method: `${service.typeName}/${method.name}`,
      protocol: protocolOf(request.header),
      code: code === undefined ? "ok" : codeName(code),
      durationMs: Math.round((now() - startedMs) * 100) / 100,
      ...(failure !== undefined && {
        // A parser's message quotes what it could not read.
        error:
          failure === unreadable ? "unreadable message" : messageOf(failure),
      }),
      ...(level === "error" && { stack: stackOf(failure) }),
    };
    logger[level](fields, "call");
  }
  function onAbort(): void {
    end(abortError(signal));
  }

  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort);
  if (!request.stream) return { request, end };
  const message = noteFailure(request.message, (failure) => {
    unreadable = failure;
  });
  return { request: { ...request, message }, end };
}

/**
 * Pass a stream through, and report how it ended. If nobody takes it to its
 * end, Connect aborts the call's signal.
 */
async function* endWith<T>(
  messages: AsyncIterable<T>,
  end: (failure?: unknown) => void,
): AsyncGenerator<T> {
  try {
    yield* messages;
    end();
  } catch (failure) {
    end(failure);
    throw failure;
  }
}

async function* noteFailure<T>(
  messages: AsyncIterable<T>,
  note: (failure: unknown) => void,
): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (failure) {
    note(failure);
    throw failure;
  }
}

/**
 * Why a signal was aborted. Node reports a caller who went away with half a
 * dozen different codes; all of them mean "canceled".
 */
function abortError({ reason }: AbortSignal): ConnectError {
  const kept = [Code.DeadlineExceeded, Code.Unavailable];
  return reason instanceof ConnectError && kept.includes(reason.code)
    ? reason
    : new ConnectError("the caller went away", Code.Canceled);
}

function codeOf(failure: unknown): Code {
  return failure instanceof ConnectError ? failure.code : Code.Internal;
}

/** "invalid_argument", as Connect writes it on the wire. */
function codeName(code: Code): string {
  return Code[code].replace(/(?<=.)[A-Z]/g, "_$&").toLowerCase();
}

function messageOf(failure: unknown): string {
  return failure instanceof ConnectError
    ? failure.rawMessage
    : errorMessage(failure);
}

/** The stack of an error and of what caused it; the texts only, no fields. */
function stackOf(failure: unknown): string | undefined {
  if (!(failure instanceof Error)) return undefined;
  const cause = stackOf(failure.cause);
  return cause === undefined
    ? failure.stack
    : `${failure.stack}\ncaused by: ${cause}`;
}

function protocolOf(header: Headers): string {
  const contentType = header.get("content-type") ?? "";
  if (contentType.startsWith("application/grpc-web")) return "grpc-web";
  if (contentType.startsWith("application/grpc")) return "grpc";
  return "connect";
}
