// From say.v1.SayService to the logic of say and back.

import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { SayService } from "../../gen/say/v1/say_pb.ts";
import type { ServiceContext } from "../../runtime/index.ts";
import { answer, InvalidInputError } from "./say.ts";

/**
 * Register the methods of say. Each message is logged: who spoke to whom,
 * never what was said.
 */
export function routes(
  router: ConnectRouter,
  { logger }: Pick<ServiceContext, "logger">,
): void {
  router.service(SayService, {
    hello(request) {
      const { from, to } = request;
      try {
        const reply = answer(request);
        logger.info({ from, to }, "message");
        return reply;
      } catch (error) {
        throw toConnectError(error);
      }
    },
  });
}

function toConnectError(error: unknown): unknown {
  return error instanceof InvalidInputError
    ? new ConnectError(error.message, Code.InvalidArgument, {}, [], error)
    : error;
}
