// HTTP on a socket. The only door of wire/.

export {
  type ClientConnection,
  type ClientConnectionOptions,
  createClientConnection,
} from "./client-connection.ts";
export type { ClosedBy } from "./closed-by.ts";
export type { Connection } from "./connection.ts";
export type { ConnectionState } from "./connection-events.ts";
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
  createListener,
  type Listener,
  type ListenerOptions,
} from "./listener.ts";
export {
  createServerConnection,
  type ServerConnectionOptions,
} from "./server-connection.ts";
export type {
  RequestHandler,
  ServerStream,
  ServerStreamHandler,
} from "./server-stream.ts";
export { keepBytes } from "./shared-reads.ts";
export type { ConnectionSnapshot, StreamSnapshot } from "./snapshot.ts";
export { createStats, type Violation, type WireStats } from "./stats.ts";
export type { Stream, StreamHandler } from "./stream.ts";
export type { KeepaliveOptions } from "./time-limits.ts";
export { TokenBucket } from "./token-bucket.ts";
