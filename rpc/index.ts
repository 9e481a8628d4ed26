// What RPC means on HTTP: pure functions. The only door of rpc/.

export { codeHttpStatus, codeName } from "./codes.ts";
export {
  createEnvelopeTracker,
  type EnvelopeTracker,
} from "./envelope-tracker.ts";
export {
  type Answer,
  encodeErrorAnswer,
  encodeLateError,
  type LateError,
  percentEncode,
  statusOf,
} from "./error-answer.ts";
export { type RestRoute, type RestRules, readRestRules } from "./http-rules.ts";
export {
  mediaType,
  parseProtocol,
  type RequestHead,
  type RpcProtocol,
} from "./protocol.ts";
export {
  createSchema,
  type Schema,
  type SchemaFile,
  withImports,
} from "./schema.ts";
