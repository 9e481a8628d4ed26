// Refuses calls above a rate, for each method by itself.
//
// It protects one process from its callers. It is not a quota: instances don't
// know of each other, and all callers share one bucket.

import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { PortolanError } from "../../core/index.ts";
import { isInfrastructure } from "./infrastructure.ts";
import { createTokenBucket, type TokenBucket } from "./token-bucket.ts";

/**
 * Options for createRateLimitInterceptor().
 */
export interface RateLimitOptions {
  /** Calls per second that each method may get in the long run; above 0. */
  readonly ratePerSecond: number;
  /**
   * Calls that a method may get at once after a quiet time. An integer, at
   * least 1.
   */
  readonly burst: number;
  /**
   * A monotonic clock, in milliseconds.
   *
   * Defaults to performance.now.
   */
  readonly now?: () => number;
}

/**
 * Create an interceptor that answers `resource_exhausted` to calls above the
 * rate of their method (a token bucket). The message says the limit and when
 * to try again; so does the header `retry-after`, in whole seconds.
 *
 * Health and reflection are never limited. A stream counts once, when it
 * begins.
 *
 * Throws a PortolanError ERR_USAGE for a rate or burst out of range.
 */
export function createRateLimitInterceptor(
  options: RateLimitOptions,
): Interceptor {
  const limit = resolveRateLimitOptions(options);
  // Only methods that exist get here, so this can't grow without bound.
  const buckets = new Map<string, TokenBucket>();

  function bucketOf(method: string): TokenBucket {
    const bucket = buckets.get(method) ?? createTokenBucket(limit);
    buckets.set(method, bucket);
    return bucket;
  }

  return (next) =>
    async function limitRate(request) {
      if (isInfrastructure(request.service)) return next(request);
      const method = `${request.service.typeName}/${request.method.name}`;
      const waitMs = bucketOf(method).take();
      if (waitMs > 0) throw exhausted(method, limit, waitMs);
      return next(request);
    };
}

function exhausted(
  method: string,
  { ratePerSecond, burst }: RateLimitOptions,
  waitMs: number,
): ConnectError {
  return new ConnectError(
    `${method} is limited to ${ratePerSecond} calls per second` +
      ` (burst ${burst}): try again in ${waitMs} ms`,
    Code.ResourceExhausted,
    { "retry-after": String(Math.ceil(waitMs / 1000)) },
  );
}

function resolveRateLimitOptions(
  options: RateLimitOptions,
): Required<RateLimitOptions> {
  const { ratePerSecond, burst, now = () => performance.now() } = options;
  if (!Number.isFinite(ratePerSecond) || ratePerSecond <= 0) {
    throw new PortolanError(
      "ERR_USAGE",
      `a rate limit needs a number of calls per second above 0, not ${ratePerSecond}`,
    );
  }
  if (!Number.isSafeInteger(burst) || burst < 1) {
    throw new PortolanError(
      "ERR_USAGE",
      `a rate limit needs a whole number of calls as burst, at least 1, not ${burst}`,
    );
  }
  return { ratePerSecond, burst, now };
}
