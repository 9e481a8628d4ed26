// The one-port service. The only door of runtime/.

export type { Setting, Settings } from "./config/index.ts";
export { createDispatch, type DispatchOptions } from "./dispatch.ts";
export {
  createHealthRoutes,
  createHealthState,
  type HealthSource,
  type HealthState,
  ServingStatus,
} from "./health.ts";
export {
  createLoggingInterceptor,
  type LoggingOptions,
} from "./interceptors/logging.ts";
export {
  createRateLimitInterceptor,
  type RateLimitOptions,
} from "./interceptors/rate-limit.ts";
export { listenOn } from "./listen.ts";
export { logRegistry } from "./log-registry.ts";
export { createLogger, type Logger } from "./logger.ts";
export { runProgram } from "./program.ts";
export { createReflectionRoutes } from "./reflection.ts";
// For those who build another front door on the same parts.
export { headOf, pathOf } from "./request-head.ts";
export {
  createRouteHandler,
  type RouteHandlerOptions,
} from "./route-handler.ts";
export { createRouteRecorder, type DefineRoutes } from "./routes.ts";
export {
  runService,
  type ServiceContext,
  type ServiceOptions,
} from "./run-service.ts";
export { sendAnswer } from "./send-answer.ts";
export {
  createServiceServer,
  type ServiceServer,
  type ServiceServerOptions,
} from "./service-server.ts";
export {
  type StopOptions,
  type StopReason,
  waitForStop,
} from "./stop-signal.ts";
