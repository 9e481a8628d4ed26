// One attempt: choose an instance, pass the call on to it, and name what went
// wrong with the connection. The innermost function behind the interceptors.

import type { DescMessage } from "@bufbuild/protobuf";
import type {
  StreamRequest,
  StreamResponse,
  UnaryRequest,
  UnaryResponse,
} from "@connectrpc/connect";
import { toCallError } from "./broken-connection.ts";
import type { Chooser } from "./chooser.ts";

/**
 * How much time a call has left, in milliseconds; undefined for any.
 */
export type Deadline = () => number | undefined;

/**
 * Create the function that sends a unary call to an instance.
 */
export function attemptUnary<I extends DescMessage, O extends DescMessage>(
  chooser: Chooser,
  deadline: Deadline,
) {
  return async (request: UnaryRequest<I, O>): Promise<UnaryResponse<I, O>> => {
    const { method, signal, header, message, contextValues } = request;
    const upstream = await chooser.choose(method.parent.typeName, signal);
    const release = upstream.acquire();
    try {
      return await upstream.transport.unary(
        method,
        signal,
        deadline(),
        header,
        message,
        contextValues,
      );
    } catch (error) {
      throw toCallError(error, signal, upstream.address);
    } finally {
      release();
    }
  };
}

/**
 * Create the function that sends a streaming call to an instance.
 */
export function attemptStream<I extends DescMessage, O extends DescMessage>(
  chooser: Chooser,
  deadline: Deadline,
) {
  return async (
    request: StreamRequest<I, O>,
  ): Promise<StreamResponse<I, O>> => {
    const { method, signal, header, message, contextValues } = request;
    const upstream = await chooser.choose(method.parent.typeName, signal);
    const release = upstream.acquire();
    // Also for a caller that never reads to the end: cancelling ends the call.
    signal.addEventListener("abort", release, { once: true });
    try {
      const response = await upstream.transport.stream(
        method,
        signal,
        deadline(),
        header,
        message,
        contextValues,
      );
      return { ...response, message: relay(response.message) };
    } catch (error) {
      release();
      throw toCallError(error, signal, upstream.address);
    }

    async function* relay<T>(messages: AsyncIterable<T>): AsyncIterable<T> {
      try {
        yield* messages;
      } catch (error) {
        throw toCallError(error, signal, upstream.address);
      } finally {
        release();
      }
    }
  };
}
