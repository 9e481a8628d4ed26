// Text in columns.

/** What stands between two columns. */
const GAP = "  ";

/**
 * Lay out rows in columns, each as wide as its widest cell. The first row is
 * usually the heading. Every line ends with a newline; none with blanks.
 */
export function formatColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)))
    .map((cells) => `${cells.join(GAP).trimEnd()}\n`)
    .join("");
}
