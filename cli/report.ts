// What `list` and `describe` show, in words and numbers, before any layout.

import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Instance, instanceIdTime } from "../core/index.ts";
import type { EtcdReport, InspectedLease } from "../mesh/registry/index.ts";

/**
 * When an instance started, in milliseconds since 1970 by its own clock: what
 * it says, or when its id was made; undefined if neither tells.
 */
export function startedAtMs({ startedAt, id }: Instance): number | undefined {
  return startedAt ? timestampMs(startedAt) : instanceIdTime(id);
}

/**
 * How long ago a lease was renewed, in seconds, up to one too many. The time it
 * has left says so: each renewal gives it its full time.
 */
export function secondsSinceRenewal(lease: InspectedLease): number {
  return Math.max(0, lease.grantedSeconds - lease.leftSeconds);
}

/**
 * The part of a report that is about a registered name or a proto service.
 * Malformed records belong to the registered name that their key has.
 */
export function selectService(report: EtcdReport, service: string): EtcdReport {
  const keys = `${report.prefix}${service}/`;
  return {
    ...report,
    instances: report.instances.filter(
      ({ instance: { name, services } }) =>
        name === service || services.includes(service),
    ),
    malformed: report.malformed.filter(({ key }) => key.startsWith(keys)),
  };
}

/** Every registered name and every proto service of a report. */
export function namesOf({ instances }: EtcdReport): Set<string> {
  return new Set(
    instances.flatMap(({ instance: { name, services } }) => [
      name,
      ...services,
    ]),
  );
}
