// Holds docs/errors.md and the catalogue in core/errors.ts together.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { errorCodes } from "../../../core/errors.ts";

const docs = join(import.meta.dirname, "../../../docs/errors.md");

test("docs/errors.md lists every code with its sentence, in the same order, and nothing else", async () => {
  const rows = (await readFile(docs, "utf8"))
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  const codes = rows.map(([, code]) => code?.replaceAll("`", ""));
  assert.deepEqual(codes, Object.keys(errorCodes));
  for (const [i, sentence] of Object.values(errorCodes).entries()) {
    const [, code, meaning, remedy] = rows[i] ?? [];
    assert.ok(meaning?.startsWith(sentence), `${code} means: ${sentence}`);
    assert.ok(remedy, `${code} has a remedy`);
  }
});
