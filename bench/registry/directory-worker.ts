// A process with a directory. It tells of each snapshot how many instances are
// in it and which probes want calls, with the time on the machine-wide
// monotonic clock, so that the parent can compare it with its own.

import {
  createEtcdDirectory,
  type Directory,
  type Snapshot,
} from "../../mesh/registry/index.ts";
import { isProbeService } from "./records.ts";

/** What it is told: follow that etcd, stop, or tell the memory in use. */
export type DirectoryOrder =
  | { readonly order: "follow"; readonly host: string }
  | { readonly order: "close" }
  | { readonly order: "measure" };

/** What it tells. */
export type DirectoryNews =
  | {
      readonly news: "snapshot";
      /** From process.hrtime(), in milliseconds. */
      readonly atMs: number;
      readonly instances: number;
      /** The ids of those that want calls. */
      readonly probes: readonly string[];
    }
  | { readonly news: "closed" }
  | {
      readonly news: "memory";
      readonly bytes: number;
      /** User and system, since the start of the process. */
      readonly cpuMs: number;
    };

let directory: Directory | undefined;

process.once("disconnect", () => process.exit());
process.on("message", async (message) => {
  const command = message as DirectoryOrder;
  switch (command.order) {
    case "follow":
      directory = createEtcdDirectory({ hosts: [command.host] });
      directory.subscribe(report);
      return;
    case "close":
      await directory?.close();
      directory = undefined;
      return tell({ news: "closed" });
    case "measure":
      return tell(await measure());
  }
});

function report(snapshot: Snapshot): void {
  const atMs = Number(process.hrtime.bigint()) / 1e6;
  if (snapshot.freshness === "never") return;
  const probes = [...snapshot.serving]
    .filter(([service]) => isProbeService(service))
    .flatMap(([, instances]) => instances.map(({ id }) => id));
  tell({
    news: "snapshot",
    atMs,
    instances: snapshot.instances.length,
    probes,
  });
}

async function measure(): Promise<DirectoryNews> {
  // Twice, with a turn of the event loop between them: what the first one
  // finalizes the second one frees.
  globalThis.gc?.();
  await new Promise(setImmediate);
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    news: "memory",
    bytes: heapUsed + external,
    cpuMs: (user + system) / 1_000,
  };
}

function tell(news: DirectoryNews): void {
  process.send?.(news);
}
