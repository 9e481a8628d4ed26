// Options of the contract suites, and how their tests are defined.

import { test } from "node:test";

/**
 * What not every store can do. A registry that lacks one of them says why.
 */
export interface Abilities {
  /** It carries every field of a record; DNS, for one, has no metadata. */
  readonly wholeRecord?: string;
  /** It tells who is draining; else those who drain are gone at once. */
  readonly draining?: string;
  /** A key that is held is refused to others, with ERR_ID_TAKEN. */
  readonly exclusiveIds?: string;
}

/**
 * Options for registryContract() and directoryContract().
 */
export interface ContractOptions<S> {
  /** What it is called in the names of the tests: "etcd", "consul". */
  readonly name: string;

  /** Create what one test is about, empty and with nobody else in it. */
  readonly create: () => Promise<S>;

  /** What it can't do, each with the reason. Those tests are skipped. */
  readonly lacks?: Abilities;

  /**
   * How long a change may take until a directory shows it, in milliseconds.
   * Defaults to 10,000; raise it for a registry that is polled slowly.
   */
  readonly timeoutMs?: number;
}

/** How long a change may take unless told otherwise. */
export const DEFAULT_TIMEOUT_MS = 10_000;

// A test waits for a handful of changes at most.
const CHANGES_PER_TEST = 6;

/**
 * Defines one test. `needs` names what a registry must be able to do for it;
 * what else may be missing shows when it runs, and then it calls `skip`.
 */
export type Define<T> = (
  title: string,
  run: (stage: T, skip: (reason: string) => void) => Promise<void>,
  ...needs: readonly (keyof Abilities)[]
) => void;

/**
 * Create a function that defines tests, each with a stage of its own.
 */
export function createDefine<S, T extends AsyncDisposable>(
  options: ContractOptions<S>,
  createStage: (subject: S) => T,
): Define<T> {
  const { create, lacks = {}, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  return (title, run, ...needs) => {
    const skip = needs.map((need) => lacks[need]).find(Boolean) ?? false;
    const timeout = CHANGES_PER_TEST * timeoutMs;
    // Not awaited: node:test waits for what it was told of.
    void test(title, { skip, timeout }, async (context) => {
      await using stage = createStage(await create());
      await run(stage, (reason) => context.skip(reason));
    });
  };
}
