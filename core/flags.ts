// Command-line flags, each with an environment variable: read, checked, and
// explained by --help. Pure: the caller hands in the arguments and the
// environment, so that only a program's own configuration reads the real ones.

import { parseArgs } from "node:util";
import { errorMessage, PortolanError } from "./errors.ts";

/**
 * One flag. Its name is the key in the table it stands in.
 */
export interface Flag<T> {
  /** What it does, and its unit; one or two lines for --help. */
  readonly description: string;
  /** What stands for the value in --help, "host:port" for example. Absent: a switch. */
  readonly placeholder?: string;
  /** The environment variable that is read when the flag is not given. */
  readonly env?: string;
  /**
   * Read the environment variable only, and know no such flag: for secrets,
   * since others can see a process's arguments. Defaults to false.
   */
  readonly environmentOnly?: boolean;
  /** The text that is parsed when neither is given. */
  readonly default?: string;
  /** Fail when there is no value at all. */
  readonly required?: boolean;
  /** Turn the text into the value. Returns an Error that says what is expected. */
  readonly parse: (text: string) => T | Error;
}

/** A table of flags by name. */
export type Flags = Readonly<Record<string, Flag<unknown>>>;

/** The values of a table of flags; undefined where nothing was given. */
export type FlagValues<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends {
    parse: (text: string) => infer R;
  }
    ? F[K] extends { default: string } | { required: true }
      ? Exclude<R, Error>
      : Exclude<R, Error> | undefined
    : never;
};

/** What a command line said. */
export interface ParsedFlags<F extends Flags> {
  readonly values: FlagValues<F>;
  /** Arguments that are not flags, in order. */
  readonly positionals: readonly string[];
  /** --help was among them; then nothing else was checked. */
  readonly help: boolean;
}

/**
 * Where flags come from.
 */
export interface FlagSource {
  /** The arguments after the program's (and the command's) name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether arguments that are not flags are welcome. Defaults to false. */
  readonly positionals?: boolean;
}

/**
 * Parse flags. A flag wins over its environment variable, which wins over the
 * default; an empty environment variable counts as not set.
 *
 * Throws PortolanError ERR_USAGE with one line that says what is wrong.
 */
export function parseFlags<const F extends Flags>(
  flags: F,
  source: FlagSource,
): ParsedFlags<F> {
  const { values: given, positionals } = readArgs(flags, source);
  if (given["help"] === true) {
    return { values: {} as FlagValues<F>, positionals, help: true };
  }
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(flags)) {
    const fromEnv = flag.env === undefined ? undefined : source.env[flag.env];
    const fromArgs = given[name] === true ? "true" : given[name];
    const text = fromArgs ?? (fromEnv || undefined) ?? flag.default;
    if (text === undefined) {
      if (flag.required) throw missing(name, flag);
      continue;
    }
    const value = flag.parse(String(text));
    if (value instanceof Error) {
      const origin =
        fromArgs === undefined && fromEnv ? `${flag.env}` : `--${name}`;
      throw new PortolanError("ERR_USAGE", `${origin}: ${value.message}`);
    }
    values[name] = value;
  }
  return { values: values as FlagValues<F>, positionals, help: false };
}

function readArgs(flags: Flags, source: FlagSource) {
  const options = Object.fromEntries(
    [
      ...Object.entries(flags).filter(([, flag]) => !flag.environmentOnly),
      ["help", { placeholder: undefined }] as const,
    ].map(([name, { placeholder }]) => [
      name,
      { type: placeholder === undefined ? "boolean" : "string" } as const,
    ]),
  );
  try {
    return parseArgs({
      args: [...source.args],
      options,
      allowPositionals: source.positionals ?? false,
    });
  } catch (cause) {
    // Node adds a second sentence about "--"; the first one says it all.
    const [message] = errorMessage(cause).split(/\.\s|\n/, 1);
    throw new PortolanError("ERR_USAGE", `${message} (see --help)`, { cause });
  }
}

function missing(name: string, flag: Flag<unknown>): PortolanError {
  const or = flag.env === undefined ? "" : ` (or set ${flag.env})`;
  return new PortolanError(
    "ERR_USAGE",
    `--${name} ${flag.placeholder ?? ""}${or} is required: ${flag.description}`,
  );
}

/**
 * Explain flags, as --help prints them.
 */
export function describeFlags(flags: Flags): string {
  const rows = Object.entries(flags).map(([name, flag]) => {
    const notes = [
      flag.default !== undefined && flag.placeholder && flag.default !== ""
        ? `default ${flag.default}`
        : "",
      flag.required ? "required" : "",
      flag.env ?? "",
    ].filter((note) => note !== "");
    const suffix = notes.length === 0 ? "" : ` [${notes.join(", ")}]`;
    if (flag.environmentOnly) {
      const note = `${flag.description} [environment variable only]`;
      return [`  ${flag.env ?? name}`, note] as const;
    }
    return [
      `  --${name}${flag.placeholder ? ` ${flag.placeholder}` : ""}`,
      `${flag.description}${suffix}`,
    ] as const;
  });
  rows.push(["  --help", "Print this help."]);
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows
    .map(
      ([left, right]) =>
        left.padEnd(width) + right.replaceAll("\n", `\n${" ".repeat(width)}`),
    )
    .join("\n");
}

/** For flags whose value is any text. */
export function parseText(text: string): string {
  return text;
}

/** For switches: present, or "true" or "1" in the environment. */
export function parseSwitch(text: string): boolean | Error {
  if (["true", "1"].includes(text)) return true;
  if (["false", "0"].includes(text)) return false;
  return new Error(`"${text}" is neither true nor false`);
}

/**
 * For counts and rates: a number of at least `min`.
 */
export function parseNumber(min: number): (text: string) => number | Error {
  return (text) => {
    const value = Number(text);
    return text.trim() !== "" && Number.isFinite(value) && value >= min
      ? value
      : new Error(`"${text}" is not a number of at least ${min}`);
  };
}
