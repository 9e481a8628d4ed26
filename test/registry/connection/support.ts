// What the tests of the connection share: both ends of the registry, and how
// to wait for what they tell.

import { createInstance, State } from "../../../core/index.ts";
import {
  createEtcdDirectory,
  createEtcdRegistrar,
  type Directory,
  type EtcdOptions,
  type Registrar,
  type RegistryFailure,
  registryFailures,
  type Snapshot,
} from "../../../mesh/registry/index.ts";

/** An instance of that id. */
export function instance(id: string) {
  return createInstance({
    id,
    name: "greeter",
    address: "127.0.0.1:8881",
    services: ["greeter.v1.GreeterService"],
    state: State.SERVING,
  });
}

/** A registrar and a directory that are closed together. */
export interface Ends extends AsyncDisposable {
  readonly registrar: Registrar;
  readonly directory: Directory;
}

/** Both ends of the registry on one etcd. */
export function createEnds(options: EtcdOptions): Ends {
  const directory = createEtcdDirectory(options);
  const registrar = createEtcdRegistrar({ ...options, leaseTtlSeconds: 2 });
  return {
    registrar,
    directory,
    async [Symbol.asyncDispose]() {
      await registrar.close();
      await directory.close();
    },
  };
}

/** Resolves with the first snapshot, from now on, that is as asked for. */
export function until(
  { directory }: { readonly directory: Directory },
  asked: (snapshot: Snapshot) => boolean,
): Promise<Snapshot> {
  const { promise, resolve } = Promise.withResolvers<Snapshot>();
  const end = directory.subscribe((snapshot) => {
    if (asked(snapshot)) resolve(snapshot);
  });
  return promise.finally(end);
}

/** Whether a fresh snapshot holds exactly these ids. */
export function holds(...ids: string[]): (snapshot: Snapshot) => boolean {
  return ({ freshness, instances }) =>
    freshness === "synced" &&
    instances.map(({ id }) => id).join() === ids.join();
}

/** Register an instance, and wait until the directory shows it. */
export async function passThrough(ends: Ends, id: string): Promise<void> {
  const seen = until(ends, ({ instances }) =>
    instances.some((one) => one.id === id),
  );
  await ends.registrar.register(instance(id)).registered;
  await seen;
}

/** The failures that are told from now on, by who tells them. */
export function collectFailures(): Disposable & {
  readonly all: readonly RegistryFailure[];
  /** Resolves with the first failure of that role, past or future. */
  of(role: RegistryFailure["role"]): Promise<RegistryFailure>;
} {
  const all: RegistryFailure[] = [];
  const first = {
    registrar: Promise.withResolvers<RegistryFailure>(),
    directory: Promise.withResolvers<RegistryFailure>(),
  };
  const end = registryFailures.subscribe((failure) => {
    all.push(failure);
    first[failure.role].resolve(failure);
  });
  return { all, of: (role) => first[role].promise, [Symbol.dispose]: end };
}
