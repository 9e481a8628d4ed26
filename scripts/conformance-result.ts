// What the conformance runner's last lines say, and whether that is enough.
// Pure; the program is conformance.ts.

/** What to say about a run. */
export interface Verdict {
  readonly ok: boolean;
  readonly text: string;
}

/**
 * Read from a configuration how many cases it stands for: "# Cases: 1,234".
 * Throws an Error if it doesn't say.
 */
export function parseExpectedCases(config: string): number {
  const count = /^# Cases: ([\d,]+)$/m.exec(config)?.[1]?.replaceAll(",", "");
  if (!count) throw new Error('the configuration has no line "# Cases: ..."');
  return Number(count);
}

/**
 * Judge a run by what the runner printed and its exit code (null if a signal
 * ended it). Whatever it said, `expected` cases must have passed, none failed,
 * and none been left out or forgiven.
 */
export function judge(
  output: string,
  code: number | null,
  expected: number,
): Verdict {
  const summary = /^Total cases: (\d+)\n(\d+) passed, (\d+) failed$/m.exec(
    output,
  );
  if (summary === null) {
    return { ok: false, text: `FAILED: no result (exit code ${code})` };
  }
  const [total = 0, passed = 0, failed = 0] = summary.slice(1).map(Number);
  const counts = `${passed} of ${total} cases passed`;
  if (failed > 0) return { ok: false, text: `FAILED: ${counts}` };
  const rest = /Another \d+ .*/.exec(output);
  if (rest !== null) return { ok: false, text: `FAILED: ${rest[0]}` };
  if (passed < expected) {
    return { ok: false, text: `FAILED: ${counts}, ${expected} were expected` };
  }
  if (code !== 0) return { ok: false, text: `FAILED: exit code ${code}` };
  return { ok: true, text: `ok: ${counts}` };
}
