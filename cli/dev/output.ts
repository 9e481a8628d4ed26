// Log lines for people: who said it, then what, with the fields behind.

import { styleText } from "node:util";

/** Prints lines under a name. */
export type Printer = (line: string) => void;

/** The fields that are not repeated behind the message. */
const SHOWN_BEFORE = new Set(["level", "time", "name", "msg", "stack"]);

const LEVEL_COLORS = {
  debug: "gray",
  info: "green",
  warn: "yellow",
  error: "red",
  fatal: "red",
} as const;

/**
 * Create a printer that puts a name before each line. JSON log lines become
 * readable; any other line is printed as it is.
 */
export function createPrinter(name: string, width: number): Printer {
  const prefix = styleText("cyan", name.padEnd(width));
  return (line) => {
    for (const part of formatLine(line).split("\n"))
      process.stdout.write(`${prefix} | ${part}\n`);
  };
}

/**
 * Make one line of a program readable; several lines if it has a stack.
 */
export function formatLine(line: string): string {
  const log = parseLog(line);
  if (log === undefined) return line;
  const level = String(log["level"]);
  const color = LEVEL_COLORS[level as keyof typeof LEVEL_COLORS] ?? "white";
  const fields = Object.entries(log)
    .filter(([name]) => !SHOWN_BEFORE.has(name))
    .map(([name, value]) => {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      return `${styleText("gray", `${name}=`)}${text}`;
    });
  const stack = typeof log["stack"] === "string" ? `\n${log["stack"]}` : "";
  return `${styleText(color, level.padEnd(5))} ${[String(log["msg"]), ...fields].join(" ")}${stack}`;
}

function parseLog(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{"level":')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // cut off, or somebody else's: printed as it is
  }
}
