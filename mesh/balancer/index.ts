// Whom to pick. The only door of mesh/balancer/.

export type { Candidate, Policy } from "./policy.ts";
export { createRoundRobin, type RoundRobinOptions } from "./round-robin.ts";
