// A whole mesh for a test file: a real etcd, services and a gateway.

import { startEtcd, type TestEtcd } from "./etcd.ts";
import {
  type Running,
  type RunningService,
  schemaLearned,
  startGateway,
  startService,
} from "./system.ts";

/** A mesh that answers. */
export interface Mesh extends AsyncDisposable {
  readonly etcd: TestEtcd;
  readonly gateway: Running;
  /** The services in the order they were asked for. */
  readonly services: readonly RunningService[];
}

/**
 * Start etcd, a gateway, and the main.ts of each service, and wait until the
 * gateway knows the schema of each. If one fails, the others end.
 *
 * `services` are proto service names by main.ts, relative to the top of the
 * repository.
 */
export async function startMesh(
  services: Readonly<Record<string, string>> = {},
): Promise<Mesh> {
  await using starting = new AsyncDisposableStack();
  const etcd = starting.use(await startEtcd());
  const options = { etcd: etcd.address };
  const use = async <T extends Running>(running: Promise<T>) =>
    starting.use(await running);
  const [gateway, ...running] = await allSettled([
    use(startGateway(options)),
    ...Object.keys(services).map((main) => use(startService(main, options))),
  ]);
  for (const name of Object.values(services))
    await schemaLearned(gateway, name);
  const started = starting.move();
  return {
    etcd,
    gateway,
    services: running,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Promise.all(), but nothing is left under way when it rejects. */
async function allSettled<T extends readonly unknown[]>(
  promises: {
    readonly [K in keyof T]: Promise<T[K]>;
  },
): Promise<T> {
  await Promise.allSettled(promises);
  return (await Promise.all(promises)) as unknown as T;
}

/** The greeter alone, which most tests need. */
export const greeterOnly = {
  "services/greeter/main.ts": "greeter.v1.GreeterService",
} as const;
