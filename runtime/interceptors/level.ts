// How loud the log line of a call is: it depends on who has to act.

import { Code } from "@connectrpc/connect";

/**
 * The levels that calls are logged with; pino's names.
 */
export type Level = "debug" | "info" | "warn" | "error";

// Someone must look at the code of the service.
const DEFECTS: ReadonlySet<Code> = new Set([
  Code.Unknown,
  Code.Internal,
  Code.DataLoss,
]);

// Someone should look at load, limits or what the service depends on.
const SHORTAGES: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.DeadlineExceeded,
  Code.ResourceExhausted,
]);

/**
 * The level for a call that ended with a code (undefined: ok).
 *
 * "error" for defects of the service, "warn" for shortages, "info" for
 * everything else: success, and what the caller did (a wrong argument, a wrong
 * password, hanging up). Calls to infrastructure say "debug" instead of "info".
 */
export function levelOf(
  code: Code | undefined,
  infrastructure: boolean,
): Level {
  if (code !== undefined && DEFECTS.has(code)) return "error";
  if (code !== undefined && SHORTAGES.has(code)) return "warn";
  return infrastructure ? "debug" : "info";
}
