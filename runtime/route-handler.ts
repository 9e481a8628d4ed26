// Runs Connect's routes on the streams of a listener, over both HTTP versions.

import {
  type ConnectRouterOptions,
  type ContextValues,
  createConnectRouter,
} from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import type {
  HeaderBlock,
  RequestHandler,
  ServerStream,
} from "../wire/index.ts";
import { Call } from "./call.ts";
import { pathOf } from "./request-head.ts";
import type { DefineRoutes } from "./routes.ts";
import { sendAnswer } from "./send-answer.ts";

/**
 * Options for createRouteHandler(), beside those of Connect's own router.
 */
export interface RouteHandlerOptions extends ConnectRouterOptions {
  /** Which services are served. */
  readonly routes: DefineRoutes;

  /** What handlers find in the context of a call. Defaults to nothing. */
  readonly contextValues?: (headers: HeaderBlock) => ContextValues;
}

/**
 * Create the handler that runs Connect's routes. Messages may be
 * compressed with gzip or brotli, unless `acceptCompression` says otherwise.
 */
export function createRouteHandler(
  options: RouteHandlerOptions,
): RequestHandler {
  const { routes, contextValues, ...routerOptions } = options;
  const router = createConnectRouter({
    acceptCompression: [compressionGzip, compressionBrotli],
    ...routerOptions,
  });
  routes(router);
  const handlers = new Map(
    router.handlers.map((handler) => [handler.requestPath, handler]),
  );
  return (stream, headers, endStream) => {
    const handler = handlers.get(pathOf(headers));
    if (handler === undefined) {
      sendAnswer(stream, { status: 404, headers: {} });
      return;
    }
    const call = new Call(stream, headers, endStream);
    stream.handler = call;
    void run(stream, call, () =>
      handler(call.toRequest(contextValues?.(headers))),
    );
  };
}

/**
 * Run a call to its end, whatever that is.
 */
async function run(
  stream: ServerStream,
  call: Call,
  handle: () => ReturnType<UniversalHandler>,
): Promise<void> {
  // A caller who resets its streams must not start more work than one who
  // waits for the answers.
  stream.hold();
  try {
    await call.send(await handle());
  } catch {
    // The caller went away, or Connect failed while it wrote the status: what
    // an application throws, it has told the caller.
    call.fail();
  } finally {
    call.body.discard();
    stream.release();
  }
}
