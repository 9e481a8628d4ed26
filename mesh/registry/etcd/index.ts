// The registry on etcd. The only door of mesh/registry/etcd/.

export {
  createEtcdDirectory,
  type EtcdDirectory,
  type EtcdDirectoryStats,
} from "./directory.ts";
export {
  type EtcdDirectoryOptions,
  type ResolvedEtcdDirectoryOptions,
  resolveEtcdDirectoryOptions,
} from "./directory-options.ts";
export {
  type EtcdFlagValues,
  etcdEnv,
  etcdFlags,
  toEtcdOptions,
} from "./flags.ts";
export {
  type EtcdInspectOptions,
  type EtcdReport,
  type InspectedInstance,
  type InspectedKey,
  type InspectedLease,
  type InspectedState,
  inspectEtcd,
  type MalformedRecord,
} from "./inspect.ts";
export type { EtcdOptions, EtcdTlsOptions } from "./options.ts";
export { createEtcdRegistrar } from "./registrar.ts";
export type { EtcdRegistrarOptions } from "./registrar-options.ts";
