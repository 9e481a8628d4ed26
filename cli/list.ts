// `portolan list`: who is registered.

import { describeFlags, parseFlags } from "../core/index.ts";
import { inspect, inspectFlags } from "./inspect.ts";
import { formatJson } from "./report-json.ts";
import { formatTable } from "./report-table.ts";

/**
 * Print all registered instances.
 */
export async function runList(args: readonly string[]): Promise<void> {
  const source = { args, env: process.env };
  const { values, help } = parseFlags(inspectFlags, source);
  if (help) {
    process.stdout.write(
      `portolan list: the registered instances.\n\nFlags [default, environment variable]:\n${describeFlags(inspectFlags)}\n`,
    );
    return;
  }
  const report = await inspect(values);
  const format = values.json === true ? formatJson : formatTable;
  process.stdout.write(format(report, Date.now()));
}
