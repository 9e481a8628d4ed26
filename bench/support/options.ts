// What can be chosen on the command line of a suite.

import { describeFlags, parseFlags, parseNumber } from "../../core/index.ts";
import type { Row } from "./row.ts";

/** What is measured, and how often. */
export interface BenchOptions<Files> {
  readonly rows: readonly Row<Files>[];
  readonly runs: number;
  readonly calls: number;
}

/** What there is to choose from. */
export interface Choice<Files> {
  /** The program, as it is called. */
  readonly command: string;
  readonly rows: readonly Row<Files>[];
  /** How many calls are made if nothing is said. */
  readonly calls: number;
}

/**
 * Read the command line. Undefined if it asked for help, which was printed.
 * Throws if it names a row that there isn't.
 */
export function readOptions<Files>(
  args: readonly string[],
  { command, rows, calls }: Choice<Files>,
): BenchOptions<Files> | undefined {
  const flags = createFlags(calls);
  const source = { args, env: {}, positionals: true };
  const { values, positionals, help } = parseFlags(flags, source);
  if (help) {
    const names = rows.map(({ name, title }) => `  ${name}: ${title}\n`);
    process.stdout.write(
      `${command} [row ...]\n\nRows:\n${names.join("")}\nFlags [default]:\n${describeFlags(flags)}\n`,
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

function createFlags(calls: number) {
  return {
    runs: {
      placeholder: "count",
      description: "How often everything is measured, after a run to warm up.",
      default: "5",
      parse: parseNumber(1),
    },
    calls: {
      placeholder: "count",
      description: "How many calls are made in one run.",
      default: String(calls),
      parse: parseNumber(1_000),
    },
  } as const;
}
