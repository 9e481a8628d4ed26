// What can be chosen on the command line.

import { describeFlags, parseFlags, parseNumber } from "../../core/index.ts";
import { rows } from "./rows/all.ts";
import type { Row } from "./rows/row.ts";

const flags = {
  runs: {
    placeholder: "count",
    description: "How often everything is measured, after a run to warm up.",
    default: "5",
    parse: parseNumber(1),
  },
  calls: {
    placeholder: "count",
    description: "How many calls are made in one run.",
    default: "200000",
    parse: parseNumber(1_000),
  },
} as const;

/** What is measured, and how often. */
export interface BenchOptions {
  readonly rows: readonly Row[];
  readonly runs: number;
  readonly calls: number;
}

/**
 * Read the command line. Undefined if it asked for help, which was printed.
 * Throws if it names a row that there isn't.
 */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const source = { args, env: {}, positionals: true };
  const { values, positionals, help } = parseFlags(flags, source);
  if (help) {
    const names = rows.map(({ name, title }) => `  ${name}: ${title}\n`);
    process.stdout.write(
      `node bench/wire/main.ts [row ...]\n\nRows:\n${names.join("")}\nFlags [default]:\n${describeFlags(flags)}\n`,
    );
    return undefined;
  }
  const unknown = positionals.find(
    (it) => !rows.some((row) => row.name === it),
  );
  if (unknown !== undefined) throw new Error(`there is no row "${unknown}"`);
  const chosen = rows.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  );
  return { rows: chosen, ...values };
}
