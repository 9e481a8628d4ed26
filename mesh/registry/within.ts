// Bounds how long something is waited for.

import { PortolanError } from "../../core/index.ts";

/**
 * Settle as `promise` does, but reject with ERR_REGISTRY_UNAVAILABLE once
 * `timeoutMs` have passed. What is waited for goes on.
 */
export async function within<T>(
  timeoutMs: number,
  promise: Promise<T>,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `The registry did not answer within ${timeoutMs} ms.`;
    late.reject(new PortolanError("ERR_REGISTRY_UNAVAILABLE", message));
  }, timeoutMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
