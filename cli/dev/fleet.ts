// All services of `portolan dev` together.

import { PortolanError } from "../../core/index.ts";
import { createPrinter } from "./output.ts";
import {
  type ServiceProcess,
  type ServiceSpec,
  startService,
} from "./service-process.ts";

/**
 * Services that run as processes.
 */
export interface Fleet extends AsyncDisposable {
  /**
   * Resolves with the instance ids of all services when all are registered.
   * Rejects with ERR_START_FAILED when one of them ends before.
   */
  started(): Promise<readonly string[]>;

  /** Stop some services and start them anew. */
  restart(specs: readonly ServiceSpec[]): Promise<void>;
}

/**
 * Start services, each with `env` added to its environment. Their lines are
 * printed under their labels, `labelWidth` wide.
 */
export function startFleet(
  specs: readonly ServiceSpec[],
  env: Readonly<Record<string, string>>,
  labelWidth: number,
): Fleet {
  const printers = new Map(
    specs.map((spec) => [spec, createPrinter(spec.label, labelWidth)]),
  );
  const processes = new Map<ServiceSpec, ServiceProcess>();
  let stopping = false;
  // One restart after the other: two at once would start a service twice.
  let restarts = Promise.resolve();

  const start = (spec: ServiceSpec) => {
    const print = printers.get(spec) ?? console.log;
    const full = { ...spec, env: { ...env, ...spec.env } };
    processes.set(spec, startService(full, print));
  };
  for (const spec of specs) start(spec);

  async function restartOne(spec: ServiceSpec): Promise<void> {
    await processes.get(spec)?.stop();
    if (stopping) return;
    printers.get(spec)?.("restarted, its files changed");
    start(spec);
  }

  return {
    started: () =>
      Promise.all(
        Array.from(processes, async ([{ label }, { registered }]) => {
          const id = await registered;
          if (id !== undefined) return id;
          const message = `${label} ended before it was registered: see its lines above`;
          throw new PortolanError("ERR_START_FAILED", message);
        }),
      ),
    restart(changed) {
      restarts = restarts.then(async () => {
        await Promise.all(changed.map(restartOne));
      });
      return restarts;
    },
    async [Symbol.asyncDispose]() {
      stopping = true;
      await restarts;
      await Promise.all([...processes.values()].map((one) => one.stop()));
    },
  };
}
