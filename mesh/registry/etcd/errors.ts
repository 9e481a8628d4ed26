// Translates what goes wrong with etcd. Nobody else looks into such errors.

import { EtcdLeaseInvalidError } from "etcd3";
import { PortolanError } from "../../../core/index.ts";

/**
 * Tell whether etcd says that the lease does not exist (any more).
 */
export function isLeaseGone(error: unknown): boolean {
  return error instanceof EtcdLeaseInvalidError;
}

/**
 * Tell whether etcd says that there is a lease with this id already.
 */
export function isLeaseTaken(error: unknown): boolean {
  return error instanceof Error && /lease already exists/.test(error.message);
}

/**
 * The error for a lease that does not exist (any more).
 */
export function leaseGone(leaseId: string): Error {
  return new EtcdLeaseInvalidError(leaseId);
}

/**
 * Any failure of a request or a stream as one of our errors.
 */
export function toRegistryError(reason: unknown): PortolanError {
  if (reason instanceof PortolanError) return reason;
  const text = reason instanceof Error ? reason.message : String(reason);
  return new PortolanError("ERR_REGISTRY_UNAVAILABLE", `etcd: ${text}`, {
    cause: reason,
  });
}
