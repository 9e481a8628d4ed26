// Shared words. The only door of core/.

export {
  type Address,
  formatAddress,
  isWildcard,
  parseAddress,
  parseAddresses,
} from "./address.ts";
export { type Backoff, type BackoffOptions, createBackoff } from "./backoff.ts";
export { parseDurationMs } from "./duration.ts";
export {
  type ErrorCode,
  errorCodes,
  errorMessage,
  PortolanError,
} from "./errors.ts";
export {
  describeFlags,
  type Flag,
  type FlagSource,
  type Flags,
  type FlagValues,
  type ParsedFlags,
  parseFlags,
  parseNumber,
  parseSwitch,
  parseText,
} from "./flags.ts";
export {
  createInstance,
  decodeInstance,
  encodeInstance,
  equalInstances,
  type Instance,
  Protocol,
  State,
} from "./instance.ts";
export { createInstanceId, instanceIdTime } from "./instance-id.ts";
