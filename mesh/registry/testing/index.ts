// The tests that every registry passes. The only door of
// mesh/registry/testing/.

export type { Abilities, ContractOptions } from "./contract.ts";
export { directoryContract } from "./directory-contract.ts";
export { registryContract } from "./registry-contract.ts";
export type {
  DirectorySubject,
  Outage,
  RegistrySubject,
} from "./subject.ts";
