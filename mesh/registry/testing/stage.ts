// What a test of a contract works with. All that it opens is closed after it,
// and every wait is bounded, with an error that shows what was there instead.

import {
  createInstance,
  encodeInstance,
  type Instance,
  State,
} from "../../../core/index.ts";
import type { Directory, Snapshot } from "../index.ts";
import { DEFAULT_TIMEOUT_MS } from "./contract.ts";
import type { DirectorySubject, RegistrySubject } from "./subject.ts";

/** The proto service of createTestInstance(). */
export const SERVICE = "greeter.v1.GreeterService";

/**
 * Create the record of an instance; `n` makes its id and its address.
 */
export function createTestInstance(
  n: number,
  fields: Parameters<typeof createInstance>[0] = {},
): Instance {
  return createInstance({
    id: `${n}`,
    name: "greeter",
    address: `127.0.0.1:${7000 + n}`,
    services: [SERVICE],
    state: State.SERVING,
    ...fields,
  });
}

/** What tests tell instances by: every registry has the address. */
export function addressesOf(instances: Iterable<Instance> = []): string[] {
  return [...instances].map(({ address }) => address);
}

/**
 * What an instance says of itself, as text to compare: without what its
 * registration adds to that.
 */
export function recordOf(instance: Instance): string {
  const { nonce, startedAt, ...record } = JSON.parse(encodeInstance(instance));
  return JSON.stringify(record);
}

/** Whether a snapshot is in step with its registry. */
export function isSynced({ freshness }: Snapshot): boolean {
  return freshness === "synced";
}

/** Whether a synced snapshot holds these instances, told by address. */
export function holds(
  ...wanted: readonly Instance[]
): (snapshot: Snapshot) => boolean {
  const addresses = addressesOf(wanted).sort().join();
  return (snapshot) =>
    isSynced(snapshot) &&
    addressesOf(snapshot.instances).sort().join() === addresses;
}

/**
 * One test's view of what it tests.
 */
export class Stage<S extends DirectorySubject | RegistrySubject>
  implements AsyncDisposable
{
  readonly subject: S;
  readonly #timeoutMs: number;
  readonly #opened: AsyncDisposable[] = [];

  constructor(subject: S, timeoutMs: number = DEFAULT_TIMEOUT_MS) {
    this.subject = subject;
    this.#timeoutMs = timeoutMs;
  }

  /** Open a directory for this test. */
  directory(): Directory {
    return this.closing(this.subject.createDirectory());
  }

  /** Close something after this test, before what was opened earlier. */
  closing<T extends AsyncDisposable>(opened: T): T {
    this.#opened.unshift(opened);
    return opened;
  }

  /** Resolves with the first snapshot, from now on, that is as asked for. */
  async until(
    directory: Directory,
    asked: (snapshot: Snapshot) => boolean,
  ): Promise<Snapshot> {
    const { promise, resolve, reject } = Promise.withResolvers<Snapshot>();
    const timer = setTimeout(() => {
      const now = describe(directory.snapshot);
      const ms = this.#timeoutMs;
      reject(new Error(`not seen within ${ms} ms; the snapshot is ${now}`));
    }, this.#timeoutMs);
    const unsubscribe = directory.subscribe((snapshot) => {
      if (asked(snapshot)) resolve(snapshot);
    });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      unsubscribe();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const opened of this.#opened) await opened[Symbol.asyncDispose]();
    await this.subject[Symbol.asyncDispose]();
  }
}

function describe({ freshness, instances }: Snapshot): string {
  return `${freshness}: [${instances.map(encodeInstance).join(", ")}]`;
}
