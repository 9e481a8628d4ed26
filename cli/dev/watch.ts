// Tells which services' files changed.
//
// A file below a service's own folder concerns that service. Any other source
// below the current folder (generated code, shared modules) concerns all.

import { type FSWatcher, readdirSync, watch } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { ServiceSpec } from "./service-process.ts";

/** Editors write a file in several steps: changes this close are one. */
const SETTLE_MS = 100;

/** Nobody edits a service in there. */
const IGNORED = new Set(["node_modules", "dist"]);
const SOURCE = /\.([cm]?[jt]s|json)$/;

/**
 * Watch the files of services. Calls `onChange` with those concerned, once for
 * all changes within a short time. Returns a function that ends it.
 */
export function watchServices(
  specs: readonly ServiceSpec[],
  onChange: (changed: readonly ServiceSpec[]) => void,
): () => void {
  const root = process.cwd();
  const changed = new Set<ServiceSpec>();
  let settle: NodeJS.Timeout | undefined;

  const note = (path: string) => {
    if (!SOURCE.test(path) || isIgnored(relative(root, path))) return;
    const own = specs.filter(({ main }) => isBelow(dirname(main), path));
    for (const spec of own.length > 0 ? own : specs) changed.add(spec);
    clearTimeout(settle);
    settle = setTimeout(() => {
      onChange([...changed]);
      changed.clear();
    }, SETTLE_MS);
  };

  const watchers = new Map<string, FSWatcher>();
  const open = (folder: string) => {
    watchers.get(folder)?.close();
    const watcher = watch(folder, { recursive: true }, (event, name) => {
      // On Linux a file that is replaced by another (as many editors save) is
      // not watched any more: begin anew.
      if (event === "rename") open(folder);
      if (name !== null) note(join(folder, name));
    });
    watchers.set(folder, watcher);
  };
  for (const folder of foldersToWatch(root, specs)) open(folder);
  return () => {
    clearTimeout(settle);
    for (const watcher of watchers.values()) watcher.close();
  };
}

/**
 * The folders in the current one but those that are ignored, which can be
 * huge, and the services' own that are elsewhere.
 */
function foldersToWatch(
  root: string,
  specs: readonly ServiceSpec[],
): readonly string[] {
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !isIgnored(entry.name))
    .map(({ name }) => resolve(root, name));
  for (const { main } of specs) {
    const folder = dirname(main);
    if (!folders.some((other) => isBelow(other, folder))) folders.push(folder);
  }
  return folders;
}

function isIgnored(path: string): boolean {
  return path
    .split(/[\\/]/)
    .some((part) => IGNORED.has(part) || /^\.[^.]/.test(part));
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || !way.startsWith("..");
}
