// Who is there. The only door of mesh/registry/.

// For those who write another registry; see docs/registries.md.
export { Claim, type Goal } from "./claim.ts";
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
  type EtcdInspectOptions,
  type EtcdRegistrarOptions,
  type EtcdReport,
  type InspectedInstance,
  type InspectedKey,
  type InspectedLease,
  type InspectedState,
  inspectEtcd,
  type MalformedRecord,
} from "./etcd/index.ts";
export { createSnapshotFeed, type SnapshotFeed } from "./feed.ts";
export { createMemoryRegistry, type MemoryRegistry } from "./memory.ts";
export { mergeDirectories } from "./merge.ts";
export { INSTANCE_PREFIX, instanceKey } from "./record.ts";
export type {
  Directory,
  Registrar,
  Registration,
  RegistrationState,
  Snapshot,
} from "./registry.ts";
export { createSnapshot } from "./snapshot.ts";
export {
  createStaticDirectory,
  parseStatic,
  type StaticEntry,
  type StaticFlagValues,
  type StaticSource,
  staticFlags,
  toStaticDirectory,
} from "./static/index.ts";
