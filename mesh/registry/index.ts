// Who is there. The only door of mesh/registry/.

// For those who write another registry; see docs/registries.md.
export { Claim, type Goal } from "./claim.ts";
// For those who watch, log and measure.
export {
  type CacheFailure,
  cacheFailures,
  type FreshnessChange,
  freshnessChanges,
  type RegistrationChange,
  type RegistryFailure,
  registrationChanges,
  registryFailures,
  type SkippedRecord,
  skippedRecords,
  type Topic,
} from "./diagnostics.ts";
export {
  createEtcdDirectory,
  createEtcdRegistrar,
  type EtcdDirectory,
  type EtcdDirectoryOptions,
  type EtcdDirectoryStats,
  type EtcdFlagValues,
  type EtcdInspectOptions,
  type EtcdOptions,
  type EtcdRegistrarOptions,
  type EtcdReport,
  type EtcdTlsOptions,
  etcdEnv,
  etcdFlags,
  type InspectedInstance,
  type InspectedKey,
  type InspectedLease,
  type InspectedState,
  inspectEtcd,
  type MalformedRecord,
  toEtcdOptions,
} from "./etcd/index.ts";
export { createSnapshotFeed, type SnapshotFeed } from "./feed.ts";
export { createMemoryRegistry, type MemoryRegistry } from "./memory.ts";
export { mergeDirectories } from "./merge.ts";
export {
  DEFAULT_NAMESPACE,
  instanceKey,
  instancePrefix,
} from "./record.ts";
export type {
  Directory,
  Registrar,
  Registration,
  RegistrationState,
  Snapshot,
} from "./registry.ts";
export { createSnapshot, type SnapshotOptions } from "./snapshot.ts";
export {
  createStaticDirectory,
  parseStatic,
  type StaticEntry,
  type StaticFlagValues,
  type StaticSource,
  staticFlags,
  toStaticDirectory,
} from "./static/index.ts";
