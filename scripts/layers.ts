// Which folder may import which: the table, and the rules around it. Pure; the
// program is check-layers.ts.
//
// A "room" is a folder of the table. Rooms stand in rooms: a file belongs to
// the innermost one. A change of this table needs a page in docs/decisions.

import { findCycles, findSpecifiers, resolveSpecifier } from "./imports.ts";

const EVERYTHING = "everything";

// Whoever may import `gen` may import any file of it; of every other room
// only its index.ts.
const ROOMS: Readonly<Record<string, readonly string[] | typeof EVERYTHING>> = {
  gen: [],
  core: ["gen"],
  wire: [],
  rpc: ["core", "gen"],
  "mesh/registry": ["core", "gen"],
  "mesh/registry/testing": ["core", "mesh/registry"],
  "mesh/balancer": ["core"],
  "mesh/upstream": ["core", "wire", "rpc", "mesh/registry", "mesh/balancer"],
  "mesh/client": [
    ...["core", "wire", "mesh/upstream", "mesh/registry", "mesh/balancer"],
  ],
  runtime: ["core", "gen", "wire", "rpc", "mesh/registry", "runtime/config"],
  "runtime/config": ["core", "gen", "mesh/registry"],
  "embedded-etcd": ["core", "gen", "runtime"],
  gateway: [
    ...["core", "gen", "wire", "rpc", "runtime", "gateway/config"],
    ...["mesh/registry", "mesh/balancer", "mesh/upstream"],
  ],
  "gateway/config": ["core", "gen", "runtime", "mesh/registry"],
  services: ["gen", "core", "runtime", "mesh/client"],
  cli: [
    ...["core", "gen", "wire", "rpc", "runtime", "embedded-etcd", "gateway"],
    ...["mesh/registry", "mesh/balancer", "mesh/upstream", "mesh/client"],
  ],
  web: ["gen"],
  test: EVERYTHING,
  bench: EVERYTHING,
  conformance: EVERYTHING,
  scripts: EVERYTHING,
  docs: EVERYTHING,
};

// Not part of the product: nothing of it may be imported by the product.
const OUTSIDE = new Set(["test", "bench", "conformance", "scripts", "docs"]);

// A test of one file may import that file.
const UNIT_TESTS = "test/unit/";

/**
 * Check the imports of all sources, given as text by path. Returns one line
 * per violation.
 */
export function checkLayers(sources: ReadonlyMap<string, string>): string[] {
  const violations: string[] = [];
  const graph = new Map<string, string[]>();
  for (const [file, text] of sources) {
    if (file.includes("/") && roomOf(file) === undefined) {
      violations.push(`${file}: is in no room`);
    }
    const targets: string[] = [];
    for (const specifier of findSpecifiers(text)) {
      const target = resolveSpecifier(file, specifier);
      const problem = checkImport(file, specifier, target);
      if (problem !== undefined) violations.push(`${file}: ${problem}`);
      if (target !== undefined && sources.has(target)) targets.push(target);
    }
    graph.set(file, targets);
  }
  for (const cycle of findCycles(graph)) {
    violations.push(`import cycle: ${cycle.join(" -> ")}`);
  }
  return violations;
}

function checkImport(
  file: string,
  specifier: string,
  target: string | undefined,
): string | undefined {
  const from = roomOf(file);
  if (from === undefined) return undefined;
  if (target === undefined) {
    return /^portolan(?:\/|$)/.test(specifier) && !OUTSIDE.has(from)
      ? `imports "${specifier}": name the folder, not this package`
      : undefined;
  }
  const to = roomOf(target);
  if (from === to) return undefined;
  if (to === undefined) return `imports ${target}, which is in no room`;
  const allowed = ROOMS[from] ?? [];
  if (allowed !== EVERYTHING && !allowed.includes(to)) {
    return `imports ${target}, but ${from} may not import ${to}`;
  }
  const isDoor = target === `${to}/index.ts`;
  const isOpen = to === "gen" || OUTSIDE.has(to) || file.startsWith(UNIT_TESTS);
  if (isDoor || isOpen) return undefined;
  return `imports ${target}: the only door of ${to} is its index.ts`;
}

/** The innermost room that holds a file. Files beside package.json have none. */
function roomOf(file: string): string | undefined {
  const rooms = Object.keys(ROOMS).filter((room) =>
    file.startsWith(`${room}/`),
  );
  return rooms.sort((a, b) => b.length - a.length)[0];
}
