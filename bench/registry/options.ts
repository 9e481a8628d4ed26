// What can be chosen on the command line.

import {
  describeFlags,
  parseFlags,
  parseNumber,
  parseSwitch,
} from "../../core/index.ts";

const flags = {
  instances: {
    placeholder: "count",
    description: "How many instances are registered.",
    default: "10000",
    parse: parseNumber(1),
  },
  directories: {
    placeholder: "count",
    description: "How many directories follow them, each a process of its own.",
    default: "20",
    parse: parseNumber(1),
  },
  samples: {
    placeholder: "count",
    description: "How many changes of each kind are timed at most.",
    default: "50",
    parse: parseNumber(1),
  },
  json: { description: "Print JSON.", parse: parseSwitch },
} as const;

/** What is measured, and how the result is printed. */
export interface BenchOptions {
  readonly instances: number;
  readonly directories: number;
  readonly samples: number;
  readonly json: boolean;
}

/** Read the command line. Undefined if it asked for help, which was printed. */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const { values, help } = parseFlags(flags, { args, env: {} });
  if (!help) return { ...values, json: values.json === true };
  process.stdout.write(
    `npm run bench:registry: the registry with many instances.\n\nFlags [default]:\n${describeFlags(flags)}\n`,
  );
  return undefined;
}
