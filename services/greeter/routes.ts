// From greeter.v1.GreeterService to the greeter's logic and back.

import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { GreeterService } from "../../gen/greeter/v1/greeter_pb.ts";
import {
  chat,
  countdown,
  hello,
  helloAll,
  InvalidInputError,
} from "./greeter.ts";

/**
 * Register the greeter's methods.
 */
export function routes(router: ConnectRouter): void {
  router.service(GreeterService, {
    hello({ name }) {
      return { greeting: hello(name) };
    },

    async *countdown({ from, name }, { signal }) {
      try {
        for (const line of countdown(from, name)) {
          // A caller who is gone or out of time must not see a short count
          // that looks like a whole one: this throws the reason.
          signal.throwIfAborted();
          yield { line };
        }
      } catch (error) {
        throw toConnectError(error);
      }
    },

    async helloAll(requests) {
      try {
        return await helloAll(namesOf(requests));
      } catch (error) {
        throw toConnectError(error);
      }
    },

    async *chat(requests) {
      for await (const { line } of requests) yield { line: chat(line) };
    },
  });
}

async function* namesOf(
  requests: AsyncIterable<{ name: string }>,
): AsyncGenerator<string> {
  for await (const { name } of requests) yield name;
}

function toConnectError(error: unknown): unknown {
  return error instanceof InvalidInputError
    ? new ConnectError(error.message, Code.InvalidArgument, {}, [], error)
    : error;
}
