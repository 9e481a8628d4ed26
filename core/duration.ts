// Durations as people write them in flags: "250ms", "3s", "5m", "1h", "0".

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Parse a duration into milliseconds. A number needs its unit, except 0.
 */
export function parseDurationMs(text: string): number | Error {
  if (text === "0") return 0;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const unitMs = UNIT_MS[match?.[2] ?? ""];
  if (match === null || unitMs === undefined) {
    return new Error(
      `"${text}" is not a duration (for example 500ms, 3s, 5m or 1h)`,
    );
  }
  return Number(match[1]) * unitMs;
}
