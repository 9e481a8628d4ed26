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
   * Takes at most the deadline of one request.
   */
  close(): Promise<void>;
}

/**
 * Where a claim stands.
 *
 * - pending: not made yet; the registry has not answered so far
 * - live: others see the instance, as far as the registry has told
 * - lost: the registry dropped it, and it is being claimed anew
 * - draining: others see that the instance is about to leave
 * - gone: ended, by us
 */
export type RegistrationState =
  | "pending"
  | "live"
  | "lost"
  | "draining"
  | "gone";

/**
 * The claim of one instance.
 */
export interface Registration extends AsyncDisposable {
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
   * registry has it, or after the deadline of one request: a departure is
   * never held up.
   */
  drain(): Promise<void>;

  /**
   * Give the claim up. Resolves when the registry has it, or after the deadline
   * of one request; then the lease ends by itself.
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
