// The registry on etcd. The only door of mesh/registry/etcd/.

export { createEtcdDirectory, type EtcdDirectoryOptions } from "./directory.ts";
export { createEtcdRegistrar, type EtcdRegistrarOptions } from "./registrar.ts";
