// The options of the registrar on etcd: every threshold, its default and its
// range, in one place.

import {
  type Backoff,
  createBackoff,
  PortolanError,
} from "../../../core/index.ts";
import {
  type EtcdOptions,
  type ResolvedEtcdOptions,
  resolveEtcdOptions,
} from "./options.ts";

/**
 * Options for createEtcdRegistrar().
 */
export interface EtcdRegistrarOptions extends EtcdOptions {
  /**
   * How long others see an instance that died without a word, in seconds.
   *
   * Shorter, and a process or an etcd that pauses for that long drops out;
   * longer, and the dead are called for longer. Defaults to 15; a whole number
   * from 2, which is the least that etcd grants; 10 to 30 is sensible.
   */
  readonly leaseTtlSeconds?: number;

  /**
   * After which share of the lease's time to live it is renewed, give or take a
   * tenth of that.
   *
   * Defaults to 1/3, so that one renewal may fail; 0.1 to 0.5.
   */
  readonly renewalRatio?: number;

  /**
   * How often our own keys are read and compared with what should stand there,
   * in seconds, give or take a tenth.
   *
   * They are watched as well: this catches what a watch does not deliver.
   * Defaults to leaseTtlSeconds; at least 1.
   */
  readonly checkIntervalSeconds?: number;

  /**
   * The longest wait before a request that failed is tried again, and before
   * what was lost is claimed again, in milliseconds. Waits are random, up to a
   * bound that doubles until it is this one ("full jitter").
   *
   * Defaults to 2,000, so that together with the deadline of the request that
   * was under way an instance is back within 5 seconds; 100 to 60,000.
   */
  readonly retryMaxMs?: number;

  /**
   * How long drain() and close() of registrations and of the registrar wait for
   * an etcd that is away, all together, in milliseconds.
   *
   * Defaults to 2,000; from 0.
   */
  readonly departureMs?: number;

  /**
   * The clock, in milliseconds; must never go back. Defaults to that of
   * performance.now().
   */
  readonly now?: () => number;

  /** Source of randomness, uniform in [0, 1). Defaults to Math.random. */
  readonly random?: () => number;
}

/**
 * Options with nothing left open.
 */
export type ResolvedEtcdRegistrarOptions = Readonly<
  Required<Omit<EtcdRegistrarOptions, keyof EtcdOptions>>
> & { readonly etcd: ResolvedEtcdOptions };

/**
 * Fill in the defaults. Throws ERR_USAGE for a number that is out of range,
 * and for what resolveEtcdOptions() does not take.
 */
export function resolveEtcdRegistrarOptions(
  options: EtcdRegistrarOptions,
): ResolvedEtcdRegistrarOptions {
  const { leaseTtlSeconds = 15 } = options;
  const resolved = {
    etcd: resolveEtcdOptions(options),
    leaseTtlSeconds,
    renewalRatio: options.renewalRatio ?? 1 / 3,
    checkIntervalSeconds: options.checkIntervalSeconds ?? leaseTtlSeconds,
    retryMaxMs: options.retryMaxMs ?? 2_000,
    departureMs: options.departureMs ?? 2_000,
    now: options.now ?? (() => performance.now()),
    random: options.random ?? Math.random,
  };
  for (const [name, min, max] of RANGES) {
    const value = resolved[name];
    if (value >= min && value <= max) continue;
    const text = `${name} is ${value}: it must be from ${min} to ${max}.`;
    throw new PortolanError("ERR_USAGE", text);
  }
  if (!Number.isInteger(leaseTtlSeconds)) {
    const text = `leaseTtlSeconds is ${leaseTtlSeconds}: whole seconds only.`;
    throw new PortolanError("ERR_USAGE", text);
  }
  return resolved;
}

/**
 * Create the waits before another try. The first is up to a second: after an
 * outage everybody comes at once.
 */
export function createRetryBackoff({
  retryMaxMs,
  random,
}: ResolvedEtcdRegistrarOptions): Backoff {
  const initialMs = Math.min(FIRST_WAIT_MS, retryMaxMs);
  return createBackoff({ initialMs, maxMs: retryMaxMs, random });
}

const FIRST_WAIT_MS = 1_000;

const RANGES = [
  ["leaseTtlSeconds", 2, 86_400],
  ["renewalRatio", 0.1, 0.5],
  ["checkIntervalSeconds", 1, 86_400],
  ["retryMaxMs", 100, 60_000],
  ["departureMs", 0, 600_000],
] as const;
