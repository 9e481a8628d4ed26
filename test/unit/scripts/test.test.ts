// Tests scripts/test.ts: which tests it runs, and how it ends.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

const script = join(import.meta.dirname, "../../../scripts/test.ts");

const PASSES = 'import { test } from "node:test";\ntest("good", () => {});\n';
const FAILS =
  'import { test } from "node:test";\ntest("bad", () => { throw 1; });\n';

describe("npm test", () => {
  const table: {
    what: string;
    files: Record<string, string>;
    options?: string[];
    status: number;
    output: RegExp;
  }[] = [
    {
      what: "passes with a test that passes, and prints node's summary",
      files: { "a.test.ts": PASSES },
      status: 0,
      output: /good.*tests 1\n.*pass 1\n/s,
    },
    {
      what: "fails with a test that fails",
      files: { "a.test.ts": PASSES, "b.test.ts": FAILS },
      status: 1,
      output: /tests 2\n.*fail 1\n/s,
    },
    {
      what: "fails when there is no test file",
      files: { "a.ts": PASSES },
      status: 1,
      output: /No test was executed/,
    },
    {
      what: "fails when no file has a test",
      files: { "a.test.ts": "" },
      status: 1,
      output: /No test was executed/,
    },
    {
      what: "fails when no name matches",
      files: { "a.test.ts": PASSES },
      options: ["--test-name-pattern=bad"],
      status: 1,
      output: /No test was executed/,
    },
    {
      what: "fails when every test is skipped",
      files: { "a.test.ts": PASSES.replace("test(", "test.skip(") },
      status: 1,
      output: /No test was executed/,
    },
  ];
  for (const { what, files, options = [], status, output } of table) {
    test(what, async () => {
      const dir = await mkdtemp(join(tmpdir(), "portolan-test-test-"));
      try {
        for (const [name, text] of Object.entries(files)) {
          await writeFile(join(dir, name), text);
        }
        const run = spawnSync(process.execPath, [script, ...options, dir], {
          // Without it node would take this for a test file of the outer run.
          env: { ...process.env, NODE_TEST_CONTEXT: undefined },
          encoding: "utf8",
        });
        assert.match(run.stdout + run.stderr, output);
        assert.equal(run.status, status);
      } finally {
        await rm(dir, { recursive: true });
      }
    });
  }
});
