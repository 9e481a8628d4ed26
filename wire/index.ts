// HTTP on a socket. The only door of wire/.

export {
  type ClientConnection,
  type ClientConnectionOptions,
  createClientConnection,
} from "./client-connection.ts";
export type { Connection } from "./connection.ts";
export type { ConnectionState } from "./core.ts";
export { ErrorCode, errorName } from "./error-codes.ts";
export {
  createHeaderBlock,
  HeaderBlock,
  HeaderField,
} from "./header-block.ts";
export {
  edgeLimits,
  internalLimits,
  type Limits,
  resolveLimits,
} from "./limits.ts";
export {
  createOnePortServer,
  type HttpRequest,
  type HttpResponse,
  type OnePortServer,
  type OnePortServerOptions,
  type RequestHandler,
} from "./one-port-server.ts";
export {
  createServerConnection,
  type ServerConnectionOptions,
} from "./server-connection.ts";
export type { ConnectionSnapshot, StreamSnapshot } from "./snapshot.ts";
export { createStats, type Violation, type WireStats } from "./stats.ts";
export type { ClosedBy, Stream, StreamHandler } from "./stream.ts";
export type { KeepaliveOptions } from "./time-limits.ts";
