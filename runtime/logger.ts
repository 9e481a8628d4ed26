// Logs: JSON lines on standard output.

import { type Logger, pino, stdTimeFunctions } from "pino";

export type { Logger };

/**
 * Create a logger. Every line carries the program's name.
 */
export function createLogger(name: string): Logger {
  return pino({
    base: { name },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  });
}
