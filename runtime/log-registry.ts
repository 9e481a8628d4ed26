// Turns what the registry publishes about itself into log lines.

import {
  cacheFailures,
  freshnessChanges,
  registrationChanges,
  registryFailures,
  skippedRecords,
} from "../mesh/registry/index.ts";
import type { Logger } from "./logger.ts";

/**
 * Log the registry's news from now on. Returns a function that ends it.
 */
export function logRegistry(logger: Logger): () => void {
  const ends = [
    registrationChanges.subscribe(({ instance, from, to, reason }) => {
      const { id, name, address } = instance;
      const fields = { id, registered: name, address, from };
      if (reason === undefined) logger.info(fields, `registration ${to}`);
      else
        logger.warn({ ...fields, error: reason.message }, `registration ${to}`);
    }),
    freshnessChanges.subscribe(({ from, to, reason }) => {
      const fields = { from, error: reason?.message };
      if (to === "stale") logger.warn(fields, "registry stale");
      else logger.info(fields, `registry ${to}`);
    }),
    registryFailures.subscribe(({ role, hosts, reason }) =>
      logger.warn(
        { role, hosts, error: reason.message },
        "registry failed, trying on",
      ),
    ),
    skippedRecords.subscribe(({ key, reason }) =>
      logger.warn({ key, error: reason.message }, "registry record skipped"),
    ),
    cacheFailures.subscribe(({ file, reason }) =>
      logger.warn({ file, error: reason.message }, "registry cache not used"),
    ),
  ];
  return () => {
    for (const end of ends) end();
  };
}
