// Leases: which there are and until when. That their keys go with them is
// store.ts's business.
//
// Time comes from a monotonic clock: a step of the wall clock ends no lease.

import { etcdErrors } from "./errors.ts";

/** The longest TTL etcd grants, in seconds. */
const MAX_TTL_SECONDS = 9_000_000_000n;

/**
 * Options for the Leases constructor.
 */
export interface LeasesOptions {
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Shorter TTLs are raised to this many seconds. */
  readonly minTtlSeconds: number;
}

/**
 * A promise to keep keys for a while.
 */
export interface Lease {
  readonly id: bigint;
  /** The TTL that was granted, in seconds. */
  readonly ttlSeconds: bigint;
  /** When it ends, on the clock of the options. */
  readonly expiresAtMs: number;
}

/**
 * The leases that are alive.
 */
export class Leases {
  readonly #now: () => number;
  readonly #minTtlSeconds: bigint;
  readonly #leases = new Map<bigint, Lease>();

  constructor(options: LeasesOptions) {
    this.#now = options.now;
    this.#minTtlSeconds = BigInt(Math.ceil(options.minTtlSeconds));
  }

  /**
   * Grant a lease. Throws etcd's errors if the id is taken or the TTL too long.
   */
  grant(id: bigint, ttlSeconds: bigint): Lease {
    if (ttlSeconds > MAX_TTL_SECONDS) throw etcdErrors.leaseTtlTooLarge();
    if (this.#leases.has(id)) throw etcdErrors.leaseExists();
    const granted =
      ttlSeconds < this.#minTtlSeconds ? this.#minTtlSeconds : ttlSeconds;
    return this.#start(id, granted);
  }

  /** The lease with an id, also if its time is over but it was not removed yet. */
  get(id: bigint): Lease | undefined {
    return this.#leases.get(id);
  }

  /** Begin a lease's time anew. */
  renew(lease: Lease): Lease {
    return this.#start(lease.id, lease.ttlSeconds);
  }

  /** Forget a lease. */
  remove(id: bigint): void {
    this.#leases.delete(id);
  }

  /** Tell whether a lease's time is over. */
  isExpired(lease: Lease): boolean {
    return lease.expiresAtMs <= this.#now();
  }

  /** Whole seconds that a lease has left, rounded down. */
  remainingSeconds(lease: Lease): bigint {
    const leftMs = Math.max(0, lease.expiresAtMs - this.#now());
    return BigInt(Math.floor(leftMs / 1000));
  }

  /** All leases, the next to expire first. */
  list(): Lease[] {
    return [...this.#leases.values()].sort(
      (a, b) => a.expiresAtMs - b.expiresAtMs,
    );
  }

  #start(id: bigint, ttlSeconds: bigint): Lease {
    const expiresAtMs = this.#now() + Number(ttlSeconds) * 1000;
    const lease = { id, ttlSeconds, expiresAtMs };
    this.#leases.set(id, lease);
    return lease;
  }
}
