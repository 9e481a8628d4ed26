// The example of docs/registries.md is compiled and put to the proof that the
// page tells its reader to run, and the files it shows are read.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { parseStatic } from "../../../mesh/registry/index.ts";
import { parseStaticFile } from "../../../mesh/registry/static/file.ts";
import { readBlocks } from "../../support/markdown.ts";

const ROOT = join(import.meta.dirname, "../../..");
const EXAMPLE = "folder-registry.ts";
const blocks = readBlocks(join(ROOT, "docs/registries.md"));

// Within the project, where its dependencies are found.
mkdirSync(join(ROOT, ".cache"), { recursive: true });
const folder = mkdtempSync(join(ROOT, ".cache/docs-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What package.json exports, each entry as a path to its source. */
async function readEntries(): Promise<ReadonlyMap<string, string>> {
  const { exports } = JSON.parse(
    await readFile(join(ROOT, "package.json"), "utf8"),
  );
  const entries = Object.entries<string | { default: string }>(exports);
  return new Map(
    entries.flatMap(([name, target]) => {
      if (typeof target === "string") return [];
      const built = target.default.replace(/^\.\/dist\//, "");
      const source = join(ROOT, built.replace(/\.js$/, ".ts"));
      return [[name.replace(/^\./, "portolan"), relative(folder, source)]];
    }),
  );
}

const entries = await readEntries();
const written = blocks.flatMap(({ language, file, text }) => {
  if (language !== "ts" || file === undefined) return [];
  const local = text.replace(/"(portolan\/[\w/-]+)"/g, (_, entry: string) => {
    const source = entries.get(entry);
    assert.ok(source, `${entry} is exported`);
    return JSON.stringify(source);
  });
  writeFileSync(join(folder, file), local);
  return file;
});

describe("docs/registries.md", () => {
  test("shows a registry and its proof, in fewer than 80 lines", () => {
    assert.deepEqual(written, [EXAMPLE, "folder-registry.test.ts"]);
    const lines = blocks.find(({ file }) => file === EXAMPLE)?.text.split("\n");
    assert.ok(lines && lines.length - 1 < 80);
  });

  test("shows code that compiles", async () => {
    const extend = relative(folder, join(ROOT, "tsconfig.json"));
    const config = join(folder, "tsconfig.json");
    writeFileSync(config, JSON.stringify({ extends: extend, files: written }));
    const tsc = join(ROOT, "node_modules/.bin/tsc");
    await promisify(execFile)(tsc, ["-p", config]).catch((error) =>
      assert.fail(`${error.stdout}`),
    );
  });

  test("shows static instances that can be read", () => {
    for (const { language, text } of blocks) {
      const read = {
        text: () => parseStatic(text),
        json: () => parseStaticFile(text),
      }[language];
      if (read === undefined) continue;
      const result = read();
      assert.ok(!(result instanceof Error), `${result}\n${text}`);
      assert.notEqual(result.length, 0);
    }
  });
});

// Defines the tests of the contract, in this process.
await import(join(folder, "folder-registry.test.ts"));
