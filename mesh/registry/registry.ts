// The nouns of discovery, whatever store stands behind them: who registers
// (Registrar, Registration) and who looks up (Directory, Snapshot).
//
// The registry is the truth about intent ("I am here", "I am leaving"), never
// about health. While it is away everybody keeps the last they knew.

import type { Instance } from "../../core/index.ts";

/**
 * Puts instances into the registry.
 */
export interface Registrar extends AsyncDisposable {
  /**
   * Claim a place in the registry for as long as the process lives.
   *
   * Returns at once; the claim is made, and made again whenever it was lost,
   * in the background. Await `registered` of the result for the first claim.
   *
   * Throws ERR_USAGE if the record can't be registered (a name or id that is
   * empty or contains "/", no usable address), ERR_CLOSED after close().
   */
  register(instance: Instance): Registration;

  /**
   * End what is still registered, then close the connection to the registry.
   * A registry that is away delays it no longer than the end of a registration.
   */
  close(): Promise<void>;
}

/**
 * Where a claim stands.
 *
 * - pending: not made yet; the registry has not answered so far
 * - live: others see the instance, as far as the registry has told
 * - unsure: it was live, and for the lease's time to live nothing confirmed
 *   that it still is: the registry is away, or this process was paused. Others
 *   may or may not see the instance, which serves on
 * - lost: the registry does not have it any more, or has something else in its
 *   place; it is being claimed anew
 * - draining: others see that the instance is about to leave
 * - gone: ended, by us
 */
export type RegistrationState =
  | "pending"
  | "live"
  | "unsure"
  | "lost"
  | "draining"
  | "gone";

/**
 * The claim of one instance.
 */
export interface Registration extends AsyncDisposable {
  /**
   * What others find: the record that was given, with a nonce of its own and
   * the time of the first registration, unless it came with one.
   */
  readonly instance: Instance;
  readonly state: RegistrationState;

  /**
   * Settles with the first claim. Rejects with ERR_ID_TAKEN if another process
   * holds the id, with ERR_CLOSED if the registration ended before. An
   * unreachable registry does not reject it: the claim is tried on and on.
   */
  readonly registered: Promise<void>;

  /**
   * Announce the departure: others stop sending new calls. Resolves when the
   * registry has it. A registry that is away does not hold up a departure: it
   * is waited for no longer than 2 seconds, drain() and close() together, and
   * for drain() no longer than half of that; the rest happens meanwhile.
   */
  drain(): Promise<void>;

  /**
   * Give the claim up. Resolves when the registry has it, or when the time for
   * a departure is used up (see drain()); then the lease ends by itself. Without
   * drain() before, others can't tell it from a crash.
   */
  close(): Promise<void>;
}

/**
 * A live, cached view of all instances.
 */
export interface Directory extends AsyncDisposable {
  /** What is known now. Never waits. */
  readonly snapshot: Snapshot;

  /**
   * Call `observer` with the snapshot at once, and with each later one.
   * Returns a function that ends it.
   */
  subscribe(observer: (snapshot: Snapshot) => void): () => void;

  /** Stop watching and free the connection. The last snapshot stays readable. */
  close(): Promise<void>;
}

/**
 * The full set of known instances at one moment. Frozen.
 */
export interface Snapshot {
  /**
   * - never: the registry was not heard yet; an empty set means nothing
   * - synced: as the registry has it, but for the time a message needs
   * - stale: the registry is away; this is the last that was known
   */
  readonly freshness: "never" | "synced" | "stale";

  /** When it became stale, as performance.now() counts; undefined unless stale. */
  readonly staleSinceMs: number | undefined;

  /** Every instance, whatever its state, sorted by name and id. */
  readonly instances: readonly Instance[];

  /**
   * The instances that want new calls, by proto service, in the order of
   * `instances`. A service without such an instance has no entry. Suspects
   * stand here only where a service has no other instance.
   */
  readonly serving: ReadonlyMap<string, readonly Instance[]>;

  /**
   * The ids of those among `instances` whose record vanished unannounced,
   * together with so many others that the registry is doubted rather than they.
   * They come back or are dropped after a grace time.
   */
  readonly suspects: ReadonlySet<string>;
}
