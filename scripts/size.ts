// How long a file may be, and which ones may be longer. Pure; the program is
// check-size.ts.

/** The most lines that a source file may have. */
export const MAX_LINES = 300;

/**
 * Files that may be longer, each with the reason. One that has become short or
 * is gone has to leave this list.
 */
export const LONGER: Readonly<Record<string, string>> = {};

/**
 * Check the length of all sources, given as text by path. Generated code is
 * left out. Returns one line per violation.
 */
export function checkSize(
  sources: ReadonlyMap<string, string>,
  longer: Readonly<Record<string, string>> = LONGER,
): string[] {
  const violations: string[] = [];
  for (const [file, text] of sources) {
    if (file.startsWith("gen/")) continue;
    const lines = countLines(text);
    if (lines > MAX_LINES && longer[file] === undefined) {
      violations.push(`${file}: ${lines} lines, more than ${MAX_LINES}`);
    }
  }
  for (const file of Object.keys(longer)) {
    if (countLines(sources.get(file) ?? "") <= MAX_LINES) {
      violations.push(`${file}: needs no exception any more`);
    }
  }
  return violations;
}

function countLines(text: string): number {
  return text.replace(/\n$/, "").split("\n").length;
}
