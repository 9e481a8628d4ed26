// The registry on etcd. The only door of mesh/registry/etcd/.

export { createEtcdDirectory, type EtcdDirectoryOptions } from "./directory.ts";
export {
  type EtcdFlagValues,
  etcdEnv,
  etcdFlags,
  toEtcdOptions,
} from "./flags.ts";
export type { EtcdOptions, EtcdTlsOptions } from "./options.ts";
export { createEtcdRegistrar, type EtcdRegistrarOptions } from "./registrar.ts";
