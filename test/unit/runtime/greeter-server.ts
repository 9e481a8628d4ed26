// A greeter of any make behind a real listener, without anything between them
// but the route handler.

import type { ServiceImpl } from "@connectrpc/connect";
import { GreeterService } from "../../../gen/greeter/v1/greeter_pb.ts";
import {
  createRouteHandler,
  type RouteHandlerOptions,
} from "../../../runtime/index.ts";
import { createListener, type Limits } from "../../../wire/index.ts";

/** The methods that a test needs. */
export type Greeter = Partial<ServiceImpl<typeof GreeterService>>;

/** A server that listens. */
export interface GreeterServer extends AsyncDisposable {
  readonly port: number;
  /** "http://host:port" */
  readonly url: string;
}

/** Listen on a port of the loopback address. */
export async function startGreeter(
  greeter: Greeter,
  options: Omit<RouteHandlerOptions, "routes"> & {
    readonly limits?: Limits;
  } = {},
): Promise<GreeterServer> {
  const { limits, ...handlerOptions } = options;
  const listener = createListener({
    ...(limits !== undefined && { limits }),
    onRequest: createRouteHandler({
      ...handlerOptions,
      routes: (router) => router.service(GreeterService, greeter),
    }),
  });
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => listener.close(0),
  };
}

/** Where RPCs are served. */
export const PATHS = {
  hello: "/greeter.v1.GreeterService/Hello",
  countdown: "/greeter.v1.GreeterService/Countdown",
  helloAll: "/greeter.v1.GreeterService/HelloAll",
  chat: "/greeter.v1.GreeterService/Chat",
} as const;

/** The greeter, which does something with the call before it answers. */
export function greeterThat(act: (context: Context) => void): Greeter {
  return {
    hello({ name }, context) {
      act(context);
      return { greeting: `Hello ${name}` };
    },
  };
}

type Context = Parameters<NonNullable<Greeter["hello"]>>[1];
