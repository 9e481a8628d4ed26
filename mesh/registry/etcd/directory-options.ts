// Every threshold of the directory on etcd, checked and completed in one place.

import { PortolanError } from "../../../core/index.ts";
import type { GuardOptions } from "../guard.ts";
import {
  type EtcdOptions,
  type ResolvedEtcdOptions,
  resolveEtcdOptions,
} from "./options.ts";

/**
 * Options for createEtcdDirectory().
 */
export interface EtcdDirectoryOptions extends EtcdOptions {
  /**
   * A file that keeps the last snapshot, so that the directory can start while
   * etcd is away: its first snapshot is then stale instead of unknown.
   *
   * It is written with mode 0600, in a folder that must exist, and belongs to
   * one directory. Instances in it that etcd turns out not to have are treated
   * as if they had vanished at that moment: the guard below applies. Defaults
   * to none.
   */
  readonly cacheFile?: string | undefined;

  /**
   * How long changes are gathered before the file is written again, in
   * milliseconds. Defaults to 1,000.
   */
  readonly cacheDelayMs?: number | undefined;

  /**
   * How long the news that an instance came, or says something else of itself,
   * may wait for more of them, in milliseconds; 0 for not at all. Departures,
   * and all that were gathered until then, are told at once. Defaults to 20.
   */
  readonly gatherMs?: number | undefined;

  /**
   * How many keys to list with one request. A record is below 1 KiB; a message
   * may have 64 MiB. At least 1; defaults to 500.
   */
  readonly pageKeys?: number | undefined;

  /**
   * The longest that a watch is trusted before everything is listed again, in
   * milliseconds; the time is random between half of it and the whole. Readers
   * don't notice. Defaults to 600,000, as Kubernetes' client has it.
   */
  readonly maxWatchAgeMs?: number | undefined;

  /**
   * The bound of the first wait before etcd is tried again, in milliseconds.
   * Waits are random below a bound that doubles. Defaults to 200.
   */
  readonly retryInitialMs?: number | undefined;

  /** The bound that no such wait exceeds, in milliseconds. Defaults to 10,000. */
  readonly retryMaxMs?: number | undefined;

  /**
   * How long a watch must have stood, in milliseconds, for the waits to begin
   * with short ones again. Defaults to 60,000.
   */
  readonly soundMs?: number | undefined;

  /**
   * Instances of a service that vanish within this time, in milliseconds,
   * without having announced it, are taken for one event. Defaults to 10,000:
   * the leases of a network that was cut end over TTL / 3, 5 s by default.
   */
  readonly guardWindowMs?: number | undefined;

  /**
   * How many instances of a service may vanish in one such event before they
   * are doubted and kept as suspects, unless they are all of two or more. One
   * for which another one came does not count. Defaults to 3.
   */
  readonly guardAllowance?: number | undefined;

  /**
   * The share of a service, 0 to 1, that may vanish so. The larger of both
   * limits counts. Defaults to 0.3.
   */
  readonly guardRatio?: number | undefined;

  /**
   * How long suspects are kept, in milliseconds; 0 turns the guard off.
   * Defaults to 60,000: enough for all to register again after etcd has lost
   * its data, and for somebody to look.
   */
  readonly guardGraceMs?: number | undefined;

  /** Source of randomness, uniform in [0, 1). Defaults to Math.random. */
  readonly random?: (() => number) | undefined;
}

/**
 * Options for createEtcdDirectory(), all of them.
 */
export interface ResolvedEtcdDirectoryOptions {
  readonly etcd: ResolvedEtcdOptions;
  readonly cacheFile: string | undefined;
  readonly cacheDelayMs: number;
  readonly gatherMs: number;
  readonly pageKeys: number;
  readonly maxWatchAgeMs: number;
  readonly retryInitialMs: number;
  readonly retryMaxMs: number;
  readonly soundMs: number;
  readonly guard: GuardOptions;
  readonly random: () => number;
}

/**
 * Check and complete options. Throws ERR_USAGE for a number out of range, and
 * for what resolveEtcdOptions() does not take.
 */
export function resolveEtcdDirectoryOptions(
  options: EtcdDirectoryOptions,
): ResolvedEtcdDirectoryOptions {
  return {
    etcd: resolveEtcdOptions(options),
    cacheFile: options.cacheFile,
    cacheDelayMs: atLeast(0, "cacheDelayMs", options.cacheDelayMs ?? 1_000),
    gatherMs: atLeast(0, "gatherMs", options.gatherMs ?? 20),
    pageKeys: atLeast(1, "pageKeys", options.pageKeys ?? 500),
    maxWatchAgeMs: atLeast(
      1,
      "maxWatchAgeMs",
      options.maxWatchAgeMs ?? 600_000,
    ),
    retryInitialMs: atLeast(1, "retryInitialMs", options.retryInitialMs ?? 200),
    retryMaxMs: atLeast(1, "retryMaxMs", options.retryMaxMs ?? 10_000),
    soundMs: atLeast(0, "soundMs", options.soundMs ?? 60_000),
    guard: {
      windowMs: atLeast(0, "guardWindowMs", options.guardWindowMs ?? 10_000),
      graceMs: atLeast(0, "guardGraceMs", options.guardGraceMs ?? 60_000),
      allowance: atLeast(0, "guardAllowance", options.guardAllowance ?? 3),
      ratio: atLeast(0, "guardRatio", options.guardRatio ?? 0.3),
    },
    random: options.random ?? Math.random,
  };
}

// What a timer takes at most, 24.8 days; a longer one would fire at once.
const MOST = 2 ** 31 - 1;

function atLeast(least: number, name: string, value: number): number {
  if (value >= least && value <= MOST) return value;
  throw new PortolanError(
    "ERR_USAGE",
    `The registry's option ${name} is ${value}: it must be a number from ${least} to ${MOST}.`,
  );
}
