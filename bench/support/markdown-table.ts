// Figures as a Markdown table that is also readable as it is.

/** Format a table; all lines have as many cells as there are columns. */
export function formatTable(
  columns: readonly string[],
  lines: readonly (readonly string[])[],
): string {
  const widths = columns.map((column, i) =>
    Math.max(column.length, 3, ...lines.map((line) => line[i]?.length ?? 0)),
  );
  const format = (cells: readonly string[], filler = " ") =>
    `| ${widths.map((width, i) => (cells[i] ?? "").padEnd(width, filler)).join(" | ")} |\n`;
  const rule = format([], "-");
  return format(columns) + rule + lines.map((line) => format(line)).join("");
}
