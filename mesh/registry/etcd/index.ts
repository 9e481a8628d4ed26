// The registry on etcd. The only door of mesh/registry/etcd/.

export { createEtcdDirectory, type EtcdDirectoryOptions } from "./directory.ts";
export { createEtcdRegistrar } from "./registrar.ts";
export type { EtcdRegistrarOptions } from "./registrar-options.ts";
