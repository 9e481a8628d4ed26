// Tests scripts/imports.ts: specifiers found in text, and cycles in a graph.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  findCycles,
  findSpecifiers,
  resolveSpecifier,
} from "../../../scripts/imports.ts";

describe("findSpecifiers() finds", () => {
  const table: [what: string, text: string, expected: string[]][] = [
    ["a named import", 'import { a } from "./a.ts";', ["./a.ts"]],
    ["a namespace", 'import * as a from "./a.ts";', ["./a.ts"]],
    ["a type import", 'import type { A } from "./a.ts";', ["./a.ts"]],
    ["an inline type", 'import { type A } from "./a.ts";', ["./a.ts"]],
    ["a re-export", 'export { a } from "./a.ts";', ["./a.ts"]],
    ["a re-exported type", 'export type { A } from "./a.ts";', ["./a.ts"]],
    ["a star re-export", 'export * from "./a.ts";', ["./a.ts"]],
    ["a side effect", 'import "./a.ts";', ["./a.ts"]],
    ["single quotes", "import { a } from './a.ts';", ["./a.ts"]],
    ["a dynamic import", 'const a = await import("./a.ts");', ["./a.ts"]],
    ["a dynamic import in backticks", "void import(`./a.ts`);", ["./a.ts"]],
    ["an import in a type", 'type A = import("./a.ts").A;', ["./a.ts"]],
    ["a dynamic import over lines", 'import(\n  "./a.ts"\n)', ["./a.ts"]],
    ["many lines", 'import {\n  a,\n  b,\n} from "./a.ts";', ["./a.ts"]],
    [
      "a clause with comments",
      'import {\n  a, // why; "so"\n  /* and */ b,\n} from "./a.ts";',
      ["./a.ts"],
    ],
    ["a package", 'import { a } from "etcd3";', ["etcd3"]],
    [
      "each of several, once",
      'import "./b.ts";\nimport { a } from "./a.ts";\nexport * from "./a.ts";',
      ["./a.ts", "./b.ts"],
    ],
    ["nothing in a line comment", '// import { a } from "./a.ts";', []],
    ["nothing in a block comment", '/*\n * import "./a.ts";\n */', []],
    ["nothing in other code", 'export const from = "./a.ts";', []],
  ];
  for (const [what, text, expected] of table) {
    test(what, () => assert.deepEqual(findSpecifiers(text), expected));
  }
});

describe("resolveSpecifier() resolves", () => {
  const table: [importer: string, specifier: string, expected?: string][] = [
    ["core/a.ts", "./b.ts", "core/b.ts"],
    ["mesh/registry/a.ts", "../../core/index.ts", "core/index.ts"],
    ["core/a.ts", "../globals.d.ts", "globals.d.ts"],
    ["core/a.ts", "etcd3"],
    ["core/a.ts", "node:http"],
  ];
  for (const [importer, specifier, expected] of table) {
    test(`${specifier} in ${importer} to ${expected}`, () => {
      assert.equal(resolveSpecifier(importer, specifier), expected);
    });
  }
});

describe("findCycles() finds", () => {
  const table: [
    what: string,
    edges: Record<string, string[]>,
    expected: string[][],
  ][] = [
    ["nothing in a chain", { a: ["b"], b: ["c"], c: [] }, []],
    ["nothing in a diamond", { a: ["b", "c"], b: ["d"], c: ["d"], d: [] }, []],
    ["a file that imports itself", { a: ["a"] }, [["a", "a"]]],
    ["a pair", { a: ["b"], b: ["a"] }, [["a", "b", "a"]]],
    [
      "a circle behind an entrance",
      { a: ["b"], b: ["c"], c: ["d"], d: ["b"] },
      [["b", "c", "d", "b"]],
    ],
  ];
  for (const [what, edges, expected] of table) {
    test(what, () => {
      assert.deepEqual(findCycles(new Map(Object.entries(edges))), expected);
    });
  }
});
