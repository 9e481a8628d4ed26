// Who is there. The only door of mesh/registry/.

// For those who watch, log and measure.
export {
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
  type EtcdDirectoryOptions,
  type EtcdRegistrarOptions,
} from "./etcd/index.ts";
// For those who write another registry.
export { createSnapshotFeed, type SnapshotFeed } from "./feed.ts";
export { createMemoryRegistry, type MemoryRegistry } from "./memory.ts";
export { INSTANCE_PREFIX, instanceKey } from "./record.ts";
export type {
  Directory,
  Registrar,
  Registration,
  RegistrationState,
  Snapshot,
} from "./registry.ts";
export { createSnapshot } from "./snapshot.ts";
