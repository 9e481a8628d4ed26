// Logs: JSON lines on standard output, or wherever else they are wanted.

import {
  type DestinationStream,
  type Logger,
  pino,
  stdTimeFunctions,
} from "pino";

export type { Logger };

/**
 * Create a logger. Every line carries the program's name.
 *
 * `destination` gets the lines; defaults to standard output.
 */
export function createLogger(
  name: string,
  destination?: DestinationStream,
): Logger {
  const options = {
    base: { name },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
