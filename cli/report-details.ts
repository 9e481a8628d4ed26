// The report in full: a block of lines for each instance.

import { Protocol, State } from "../core/index.ts";
import type {
  EtcdReport,
  InspectedInstance,
  InspectedLease,
} from "../mesh/registry/index.ts";
import { formatDuration } from "./human-duration.ts";
import { secondsSinceRenewal, startedAtMs } from "./report.ts";
import { formatMalformed } from "./report-table.ts";
import { formatColumns } from "./table.ts";

const STATE_NAMES: Readonly<Record<State, string>> = {
  [State.UNSPECIFIED]: "",
  [State.SERVING]: "serving",
  [State.DRAINING]: "draining",
};

const PROTOCOL_NAMES: Readonly<Record<Protocol, string>> = {
  [Protocol.UNSPECIFIED]: "unknown",
  [Protocol.GRPC]: "gRPC",
  [Protocol.GRPC_WEB]: "gRPC-Web",
  [Protocol.CONNECT]: "Connect",
};

/**
 * Format what a report says of `service`, as seen at `nowMs` (milliseconds
 * since 1970).
 */
export function formatDetails(
  service: string,
  report: EtcdReport,
  nowMs: number,
): string {
  const { instances, malformed } = report;
  return [
    `${service}: ${summarize(instances)}\n`,
    ...instances.map((record) => formatInstance(record, nowMs)),
    formatMalformed(malformed),
  ].join("");
}

function summarize(instances: readonly InspectedInstance[]): string {
  const counts = new Map<string, number>();
  for (const { state } of instances)
    counts.set(state, (counts.get(state) ?? 0) + 1);
  const states = [...counts].map(([state, count]) => `${count} ${state}`);
  const total = `${instances.length} ${instances.length === 1 ? "instance" : "instances"}`;
  const schemas = new Set(instances.map((it) => it.instance.schemaDigest)).size;
  return [
    states.length === 0 ? total : `${total} (${states.join(", ")})`,
    ...(schemas > 1 ? [`${schemas} different schemas`] : []),
  ].join(", ");
}

function formatInstance(record: InspectedInstance, nowMs: number): string {
  const { instance, lease, key, revision } = record;
  const rows: readonly (readonly [string, string])[] = [
    ["state", explainState(record)],
    ["says of itself", STATE_NAMES[instance.state] ?? ""],
    ["address", instance.address],
    ["version", instance.version],
    ["started", formatStart(startedAtMs(instance), nowMs)],
    ["lease", lease ? formatLease(lease) : "none"],
    ["services", instance.services.join(", ")],
    ["schema", instance.schemaDigest],
    [
      "protocols",
      instance.protocols.map((it) => PROTOCOL_NAMES[it]).join(", "),
    ],
    ["weight", instance.weight === 0 ? "" : String(instance.weight)],
    ["zone", instance.zone],
    ...Object.entries(instance.metadata).map(
      ([name, value]) => [`metadata ${name}`, value] as const,
    ),
    ["key", key],
    ["revision", String(revision)],
  ];
  const filled = rows.filter(([, value]) => value !== "");
  return `\n${instance.name}/${instance.id}\n${formatColumns(filled.map(([name, value]) => [`  ${name}`, value]))}`;
}

function explainState({ state }: InspectedInstance): string {
  switch (state) {
    case "live":
      return "live: its lease is renewed on time";
    case "unsure":
      return "unsure: a renewal is missing; unless one comes, it drops out when the lease ends";
    case "draining":
      return "draining: about to leave, wants no new calls";
    case "gone":
      return "gone: its lease ended just now";
    case "no lease":
      return "no lease: nothing renews it, and it stays until somebody deletes the key";
  }
}

function formatStart(startedMs: number | undefined, nowMs: number): string {
  if (startedMs === undefined) return "";
  const age = formatDuration((nowMs - startedMs) / 1_000);
  return `${new Date(startedMs).toISOString()} (${age} ago)`;
}

function formatLease(lease: InspectedLease): string {
  const { id, leftSeconds, grantedSeconds } = lease;
  return `${id}, ${leftSeconds}s of ${grantedSeconds}s left, renewed ${formatDuration(secondsSinceRenewal(lease))} ago`;
}
