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
import { Call, failCall } from "./call.ts";
import { createCallPlan } from "./calls/call-plan.ts";
import { collectCallRoutes } from "./calls/call-routes.ts";
import { StreamCall } from "./calls/stream-call.ts";
import { UnaryCall } from "./calls/unary-call.ts";
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
  const { routes, contextValues, ...given } = options;
  const routerOptions = {
    acceptCompression: [compressionGzip, compressionBrotli],
    ...given,
  };
  const router = createConnectRouter(routerOptions);
  const calls = collectCallRoutes(router, routerOptions);
  routes(calls.router);
  const planFor = (headers: HeaderBlock) => {
    const route = calls.byPath.get(pathOf(headers));
    return route && createCallPlan(headers, route);
  };
  const handlers = new Map(
    router.handlers.map((handler) => [handler.requestPath, handler]),
  );
  /** Leave a call to Connect; what came of its body was consumed. */
  const leave = (
    stream: ServerStream,
    headers: HeaderBlock,
    body: Buffer,
    isComplete: boolean,
  ) => {
    const handler = handlers.get(pathOf(headers));
    if (handler === undefined) {
      sendAnswer(stream, { status: 404, headers: {} });
      return;
    }
    const call = new Call(stream, headers, body, isComplete);
    stream.handler = call;
    void run(stream, headers, call, () =>
      handler(call.toRequest(contextValues?.(headers))),
    );
  };
  const exits = { hand: leave, fail: failCall };
  return (stream, headers, endStream) => {
    const plan = headers.derive(planFor, planFor);
    if (plan === undefined || contextValues !== undefined)
      return leave(stream, headers, NOTHING, endStream);
    if (plan.route.unary === undefined) {
      // Connect refuses those that HTTP/1.1 can't carry.
      const isBidi = plan.route.spec.kind === "bidi_streaming";
      if (isBidi && stream.httpVersion === 1)
        return leave(stream, headers, NOTHING, endStream);
      const call = new StreamCall(stream, headers, plan);
      stream.handler = call;
      if (endStream) call.complete();
      call.run().catch(() => failCall(stream, headers));
      return;
    }
    const call = new UnaryCall(stream, headers, plan, exits);
    stream.handler = call;
    if (endStream) call.complete();
  };
}

const NOTHING = Buffer.alloc(0);

/**
 * Run a call to its end, whatever that is.
 */
async function run(
  stream: ServerStream,
  headers: HeaderBlock,
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
    failCall(stream, headers);
  } finally {
    call.body.discard();
    stream.release();
  }
}
