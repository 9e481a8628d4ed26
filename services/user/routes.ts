// From user.v1.UserService to the logic of logging in and back.

import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { UserService } from "../../gen/user/v1/user_pb.ts";
import type { ServiceContext } from "../../runtime/index.ts";
import { BusyError } from "./limiter.ts";
import { resolveUserOptions } from "./settings.ts";
import {
  createUsers,
  InvalidInputError,
  WrongCredentialsError,
} from "./user.ts";

/**
 * Read the settings and register the methods of the user service.
 *
 * Rejects with a PortolanError ERR_USAGE if a setting can't be used.
 */
export async function routes(
  router: ConnectRouter,
  { settings }: Pick<ServiceContext, "settings">,
): Promise<void> {
  const users = createUsers(await resolveUserOptions(settings));
  router.service(UserService, {
    async login({ account, password }, { signal }) {
      try {
        return { token: await users.login({ account, password }, signal) };
      } catch (error) {
        throw toConnectError(error);
      }
    },
  });
}

function toConnectError(error: unknown): unknown {
  const code = codeOf(error);
  return error instanceof Error && code !== undefined
    ? new ConnectError(error.message, code, {}, [], error)
    : error;
}

function codeOf(error: unknown): Code | undefined {
  if (error instanceof InvalidInputError) return Code.InvalidArgument;
  if (error instanceof WrongCredentialsError) return Code.Unauthenticated;
  if (error instanceof BusyError) return Code.ResourceExhausted;
  return undefined;
}
