// What the tests need of a registry to test it.

import type { Instance } from "../../../core/index.ts";
import type { Directory, Registrar } from "../index.ts";

/**
 * Takes a store away from its directories, and brings it back.
 */
export interface Outage {
  /** From now on directories can't read the store. */
  begin(): Promise<void>;
  /** Now they can again. What it holds is what it held. */
  end(): Promise<void>;
}

/**
 * A store of its own for one test, to be read through directories. Disposing
 * of it frees it; the test has closed its directories before.
 */
export interface DirectorySubject extends AsyncDisposable {
  /** Create a further directory of the store. */
  createDirectory(): Directory;

  /** Make the store hold these instances and no other. */
  publish(instances: readonly Instance[]): Promise<void>;

  /** Absent if the store can't be taken away; then no test does. */
  readonly outage?: Outage;
}

/**
 * An empty registry of its own for one test. Disposing of it frees it; the
 * test has closed its registrars and directories before.
 */
export interface RegistrySubject extends AsyncDisposable {
  /** Create a further registrar, as another process would have one. */
  createRegistrar(): Registrar;

  /** Create a further directory, as another process would have one. */
  createDirectory(): Directory;

  /** Absent if the store can't be taken away; then no test does. */
  readonly outage?: Outage;
}
