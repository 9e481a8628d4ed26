// `portolan describe`: everything about the instances of one service.

import { describeFlags, PortolanError, parseFlags } from "../core/index.ts";
import type { EtcdReport } from "../mesh/registry/index.ts";
import { inspect, inspectFlags } from "./inspect.ts";
import { findNearMatches } from "./near-matches.ts";
import { namesOf, selectService } from "./report.ts";
import { formatDetails } from "./report-details.ts";
import { formatJson } from "./report-json.ts";

/**
 * Print all there is to know of a registered name's or a proto service's
 * instances.
 */
export async function runDescribe(args: readonly string[]): Promise<void> {
  const { values, positionals, help } = parseFlags(inspectFlags, {
    args,
    env: process.env,
    positionals: true,
  });
  if (help) {
    process.stdout.write(
      `portolan describe <service>: all about the instances of a service, which\nis a registered name (greeter) or a proto service (greeter.v1.GreeterService).\n\nFlags [default, environment variable]:\n${describeFlags(inspectFlags)}\n`,
    );
    return;
  }
  const [service, ...others] = positionals;
  if (service === undefined || others.length > 0) {
    throw new PortolanError(
      "ERR_USAGE",
      "name one service: portolan describe <service> (see --help)",
    );
  }
  const report = await inspect(values);
  const selected = selectService(report, service);
  if (selected.instances.length + selected.malformed.length === 0) {
    throw notFound(service, report);
  }
  process.stdout.write(
    values.json === true
      ? formatJson(selected, Date.now())
      : formatDetails(service, selected, Date.now()),
  );
}

function notFound(service: string, report: EtcdReport): PortolanError {
  const names = namesOf(report);
  const near = findNearMatches(service, names);
  const hint =
    names.size === 0
      ? "nothing is registered"
      : near.length > 0
        ? `did you mean ${near.join(" or ")}?`
        : "portolan list shows what is";
  return new PortolanError(
    "ERR_NOT_REGISTERED",
    `no instance of "${service}" is registered: ${hint}`,
  );
}
