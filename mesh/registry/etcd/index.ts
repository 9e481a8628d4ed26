// The registry on etcd. The only door of mesh/registry/etcd/.

export { createEtcdDirectory, type EtcdDirectoryOptions } from "./directory.ts";
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
export { createEtcdRegistrar, type EtcdRegistrarOptions } from "./registrar.ts";
