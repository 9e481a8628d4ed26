// A process that registers many instances, on several registrars: each has a
// connection, a lease and a stream of renewals of its own, as the one registrar
// of a service has.

import { createEtcdRegistrar } from "../../mesh/registry/index.ts";
import { createRecord } from "./records.ts";

/** What it is told. */
export interface RegisterOrder {
  readonly host: string;
  readonly registrars: number;
  readonly first: number;
  readonly count: number;
}

process.once("disconnect", () => process.exit());
process.once("message", async (order) => {
  const { host, registrars, first, count } = order as RegisterOrder;
  const all = Array.from({ length: registrars }, () =>
    createEtcdRegistrar({ hosts: [host] }),
  );
  const startedAt = performance.now();
  const registrations = Array.from({ length: count }, (_, i) =>
    all[i % registrars]?.register(createRecord(first + i)),
  );
  await Promise.all(registrations.map((it) => it?.registered));
  process.send?.({ elapsedMs: performance.now() - startedAt });
});
