import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import type { ServiceSpec } from "../../../../cli/dev/service-process.ts";
import { watchServices } from "../../../../cli/dev/watch.ts";

const original = process.cwd();

suite("A file that changes", () => {
  let folder: string;
  let end: () => void;
  let changes: AsyncIterator<string>;

  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "portolan-watch-")));
    for (const path of ["ann/parts", "bob", "shared", "ann/node_modules/x"])
      await mkdir(join(folder, path), { recursive: true });
    for (const path of ["gen", "dist", ".cache", "elsewhere"])
      await mkdir(join(folder, path));
    process.chdir(folder);
    const watched = watchLabels([
      spec("ann", join(folder, "ann/main.ts")),
      spec("bob", join(folder, "bob/main.ts")),
    ]);
    end = watched.end;
    changes = watched.changes;
  });

  afterEach(async () => {
    end();
    process.chdir(original);
    await rm(folder, { recursive: true });
  });

  for (const { file, concerned } of [
    { file: "ann/main.ts", concerned: "ann" },
    { file: "ann/parts/greeting.ts", concerned: "ann" },
    { file: "bob/settings.json", concerned: "bob" },
    { file: "shared/words.ts", concerned: "ann+bob" },
    { file: "gen/greeter_pb.ts", concerned: "ann+bob" },
  ]) {
    test(`concerns ${concerned}: ${file}`, async () => {
      await writeFile(join(folder, file), "1");
      assert.equal((await changes.next()).value, concerned);
    });
  }

  for (const file of [
    "ann/node_modules/x/index.js",
    "ann/README.md",
    "ann/.main.ts.swp",
    "dist/main.js",
    ".cache/main.ts",
  ]) {
    test(`concerns nobody: ${file}`, async () => {
      await writeFile(join(folder, file), "1");
      // The next change is reported alone, so the first one was not.
      await writeFile(join(folder, "bob/main.ts"), "1");
      assert.equal((await changes.next()).value, "bob");
    });
  }

  test("is reported once, together with those that change at the same time", async () => {
    for (const text of ["1", "2", "3"]) {
      await writeFile(join(folder, "ann/main.ts"), text);
      await writeFile(join(folder, "bob/main.ts"), text);
    }
    assert.equal((await changes.next()).value, "ann+bob");
    await writeFile(join(folder, "bob/main.ts"), "4");
    assert.equal((await changes.next()).value, "bob");
  });
});

function spec(label: string, main: string): ServiceSpec {
  return { label, main, env: {} };
}

/** Watch, and give the labels of each report: "ann+bob". */
function watchLabels(specs: readonly ServiceSpec[]) {
  const reports: string[] = [];
  let wake = () => {};
  const end = watchServices(specs, (changed) => {
    reports.push(
      changed
        .map(({ label }) => label)
        .sort()
        .join("+"),
    );
    wake();
  });
  async function* generate(): AsyncGenerator<string> {
    for (;;) {
      const next = reports.shift();
      if (next !== undefined) yield next;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }
  return { end, changes: generate() };
}
