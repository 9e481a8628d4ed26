// Lists and reads the source files that the checks look at.

import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The folder that holds package.json. */
export const ROOT = join(import.meta.dirname, "..");

// Nothing in these is written by hand, or ours.
const SKIPPED = new Set([
  "node_modules",
  "dist",
  ".cache",
  ".git",
  ".portolan",
]);

/**
 * Read every source file below `root`: its text by its path, which is relative
 * to `root` and written with forward slashes.
 */
export async function readSources(
  root: string = ROOT,
): Promise<ReadonlyMap<string, string>> {
  const paths: string[] = [];
  const found = glob("**/*.{ts,tsx,mts,js,mjs}", {
    cwd: root,
    exclude: (name) => SKIPPED.has(name),
  });
  for await (const path of found) paths.push(path);
  paths.sort();
  const texts = await Promise.all(
    paths.map((path) => readFile(join(root, path), "utf8")),
  );
  return new Map(
    paths.map((path, i) => [path.replaceAll("\\", "/"), texts[i] ?? ""]),
  );
}
