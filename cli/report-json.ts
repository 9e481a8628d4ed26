// The report for programs. docs/registry.md describes the shape; fields may be
// added, none is renamed or removed.

import { encodeInstance } from "../core/index.ts";
import type {
  EtcdReport,
  InspectedInstance,
  InspectedKey,
  MalformedRecord,
} from "../mesh/registry/index.ts";
import { secondsSinceRenewal, startedAtMs } from "./report.ts";

/**
 * Format a report as JSON, as seen at `nowMs` (milliseconds since 1970).
 */
export function formatJson(report: EtcdReport, nowMs: number): string {
  const { prefix, revision, instances, malformed } = report;
  const json = {
    prefix,
    revision: String(revision),
    instances: instances.map((record) => toInstance(record, nowMs)),
    malformed: malformed.map(toMalformed),
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

function toInstance(record: InspectedInstance, nowMs: number) {
  const startedMs = startedAtMs(record.instance);
  return {
    ...toKey(record),
    state: record.state,
    startedAt:
      startedMs === undefined ? null : new Date(startedMs).toISOString(),
    ageSeconds:
      startedMs === undefined ? null : Math.floor((nowMs - startedMs) / 1_000),
    record: JSON.parse(encodeInstance(record.instance)) as unknown,
  };
}

function toMalformed(record: MalformedRecord) {
  return {
    ...toKey(record),
    reason: record.reason.message,
    value: record.value,
  };
}

function toKey({ key, revision, lease }: InspectedKey) {
  return {
    key,
    revision: String(revision),
    lease: lease
      ? { ...lease, sinceRenewalSeconds: secondsSinceRenewal(lease) }
      : null,
  };
}
