// The report as a table: one line for each instance.

import type {
  EtcdReport,
  InspectedInstance,
  MalformedRecord,
} from "../mesh/registry/index.ts";
import { formatDuration } from "./human-duration.ts";
import { secondsSinceRenewal, startedAtMs } from "./report.ts";
import { formatColumns } from "./table.ts";

// More of a digest, or of the services, would only push the rest away.
const DIGEST_DIGITS = 8;
const SERVICES_SHOWN = 2;

const HEADING = [
  ...["NAME", "ID", "ADDRESS", "VERSION", "STATE", "AGE", "LEASE LEFT"],
  ...["RENEWED", "SCHEMA", "SERVICES"],
];

/**
 * Format a report, as seen at `nowMs` (milliseconds since 1970).
 */
export function formatTable(report: EtcdReport, nowMs: number): string {
  const { instances, malformed } = report;
  const table =
    instances.length === 0
      ? "No instance is registered.\n"
      : formatColumns([
          HEADING,
          ...instances.map((record) => toRow(record, nowMs)),
        ]);
  return table + formatMalformed(malformed);
}

/** The records that nobody can read, each with the reason; "" for none. */
export function formatMalformed(records: readonly MalformedRecord[]): string {
  if (records.length === 0) return "";
  const rows = records.map(({ key, reason }) => [`  ${key}`, reason.message]);
  return `\nSkipped by everybody, because they are no instance records:\n${formatColumns(rows)}`;
}

function toRow(record: InspectedInstance, nowMs: number): string[] {
  const { instance, lease, state } = record;
  return [
    instance.name,
    instance.id,
    instance.address,
    instance.version || "-",
    state,
    formatAge(startedAtMs(instance), nowMs),
    lease ? `${lease.leftSeconds}s of ${lease.grantedSeconds}s` : "-",
    lease ? `${formatDuration(secondsSinceRenewal(lease))} ago` : "-",
    shortDigest(instance.schemaDigest),
    shortServices(instance.services),
  ];
}

function formatAge(startedMs: number | undefined, nowMs: number): string {
  return startedMs === undefined
    ? "-"
    : formatDuration((nowMs - startedMs) / 1_000);
}

/** "sha256:0123456789…" as "01234567"; "-" for none. */
export function shortDigest(digest: string): string {
  const digits = digest.slice(digest.indexOf(":") + 1);
  return digits.slice(0, DIGEST_DIGITS) || "-";
}

function shortServices(services: readonly string[]): string {
  if (services.length === 0) return "-";
  const more = services.length - SERVICES_SHOWN;
  const shown = services.slice(0, SERVICES_SHOWN).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}
