// Finds what a source file imports, and cycles among files that import each
// other.
//
// It reads text, not a syntax tree: TypeScript 7 has no compiler API for
// JavaScript, and type stripping removes the type imports that count here too.
// Biome's formatting, which is checked as well, puts every statement at the
// start of a line.

import { posix } from "node:path";

const CLAUSE = String.raw`(?:[\w$*\s{},]|//[^\n]*|/\*[\s\S]*?\*/)+?`;
const LITERAL = String.raw`(["'\`])([^"'\`$\n]+)\1`;
const PATTERNS = [
  // import x from "y", import type { x } from "y", export * from "y"
  new RegExp(
    String.raw`^[ \t]*(?:import|export)\b${CLAUSE}\bfrom\s*${LITERAL}`,
    "gm",
  ),
  // import "y"
  new RegExp(String.raw`^[ \t]*import\s*${LITERAL}`, "gm"),
  // import("y"), await import("y"), typeof import("y")
  new RegExp(String.raw`\bimport\s*\(\s*${LITERAL}`, "g"),
];

/**
 * The specifiers that a source file imports or exports from, each once, in the
 * order of the alphabet.
 */
export function findSpecifiers(text: string): string[] {
  const found = PATTERNS.flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => match[2] ?? ""),
  );
  return [...new Set(found)].sort();
}

/**
 * The file that a relative specifier means, or undefined for a package.
 */
export function resolveSpecifier(
  importer: string,
  specifier: string,
): string | undefined {
  if (!/^\.\.?(?:\/|$)/.test(specifier)) return undefined;
  return posix.join(posix.dirname(importer), specifier);
}

/**
 * Find cycles in a graph of files: for each knot one path that begins and ends
 * with the same file. Depth first; a way back to a file that is still open
 * closes a cycle.
 */
export function findCycles(
  graph: ReadonlyMap<string, readonly string[]>,
): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const open: string[] = [];
  function visit(file: string): void {
    if (done.has(file)) return;
    const start = open.indexOf(file);
    if (start >= 0) {
      cycles.push([...open.slice(start), file]);
      return;
    }
    open.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    open.pop();
    done.add(file);
  }
  for (const file of graph.keys()) visit(file);
  return cycles;
}
