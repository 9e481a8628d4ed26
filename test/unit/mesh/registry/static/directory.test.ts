// The static directory: what it says, and how it follows its file.

import assert from "node:assert/strict";
import {
  mkdir,
  mkdtemp,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  createStaticDirectory,
  registryFailures,
  type Snapshot,
  toStaticDirectory,
} from "../../../../../mesh/registry/index.ts";
import { collect, instance, until } from "../support.ts";

const A = "a.v1.A";
const at = (...addresses: string[]) => JSON.stringify({ [A]: addresses });

function addresses({ serving }: Snapshot): string {
  return (serving.get(A) ?? []).map(({ address }) => address).join();
}

/** A folder of its own with a file of static instances in it. */
async function createFile(text: string) {
  const folder = await mkdtemp(join(tmpdir(), "portolan-static-"));
  const file = join(folder, "static.json");
  await writeFile(file, text);
  return {
    folder,
    file,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

describe("a static directory", { timeout: 60_000 }, () => {
  test("knows at once what it was given", async () => {
    const one = instance({ services: [A], address: "h:1" });
    await using given = createStaticDirectory({ instances: [one] });
    assert.equal(given.snapshot.freshness, "synced");
    assert.deepEqual(given.snapshot.serving.get(A), [one]);
    const entries = [{ service: A, addresses: ["h:1", "h:2"] }];
    await using written = createStaticDirectory({ entries });
    assert.equal(addresses(written.snapshot), "h:1,h:2");
  });

  test("a file that is wrong or missing at the start is a usage error", async () => {
    await using made = await createFile('{ "a.v1.A": ["h"] }');
    assert.throws(() => createStaticDirectory({ file: made.file }), {
      code: "ERR_USAGE",
      message: /static\.json: a\.v1\.A: "h" is not host:port/,
    });
    const file = join(made.folder, "missing.json");
    assert.throws(() => createStaticDirectory({ file }), {
      code: "ERR_USAGE",
      message: /no such file.*missing\.json/,
    });
  });

  test("a file written in place, emptied first, is never seen empty", async () => {
    await using made = await createFile(at("h:1"));
    await using directory = createStaticDirectory({ file: made.file });
    const heard: string[] = [];
    directory.subscribe((snapshot) => heard.push(addresses(snapshot)));
    await truncate(made.file);
    await writeFile(made.file, at("h:1", "h:2"));
    await until(directory, (s) => addresses(s) === "h:1,h:2");
    // It may be seen half-written; then what was known stays.
    assert.deepEqual(new Set(heard), new Set(["h:1", "h:1,h:2"]));
  });

  test("a file behind a link that moves is read anew", async () => {
    await using made = await createFile("{}");
    const { folder } = made;
    for (const [version, address] of [
      ["v1", "h:1"],
      ["v2", "h:2"],
    ] as const) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, "x.json"), at(address));
    }
    await symlink("v1", join(folder, "current"));
    await symlink("current/x.json", join(folder, "x.json"));
    const file = join(folder, "x.json");
    await using directory = createStaticDirectory({ file });
    assert.equal(addresses(directory.snapshot), "h:1");
    await symlink("v2", join(folder, "next"));
    await rename(join(folder, "next"), join(folder, "current"));
    await until(directory, (s) => addresses(s) === "h:2");
  });

  test("a folder that was replaced is followed again", async () => {
    await using made = await createFile("{}");
    const [folder, old] = [join(made.folder, "sub"), join(made.folder, "old")];
    const file = join(folder, "x.json");
    await mkdir(folder);
    await writeFile(file, at("h:1"));
    await using directory = createStaticDirectory({ file });
    await rename(folder, old);
    await mkdir(folder);
    await writeFile(file, at("h:2"));
    await until(directory, (s) => addresses(s) === "h:2");
    await writeFile(file, at("h:3"));
    await until(directory, (s) => addresses(s) === "h:3");
  });

  test("instances are the same ones however often the file is read", async () => {
    await using made = await createFile(at("h:1", "h:2"));
    await using directory = createStaticDirectory({ file: made.file });
    const heard: Snapshot[] = [];
    directory.subscribe((snapshot) => heard.push(snapshot));
    // The mistake in between shows that the file was read again.
    await writeFile(made.file, "{");
    await until(directory, (s) => s.freshness === "stale");
    await writeFile(made.file, ` ${at("h:2", "h:1")}\n`);
    await until(directory, (s) => s.freshness === "synced");
    const [first, , last] = heard;
    assert.equal(heard.length, 3);
    assert.deepEqual(last?.instances, first?.instances);
  });

  test("a file that becomes wrong leaves what was known, and is reported once", async () => {
    await using made = await createFile(at("h:1"));
    await using directory = createStaticDirectory({ file: made.file });
    using failures = collect(registryFailures);
    await writeFile(made.file, '{\n  "a.v1.A": ["h:1",]\n}');
    const stale = await until(directory, (s) => s.freshness === "stale");
    assert.equal(addresses(stale), "h:1");
    await writeFile(made.file, '{ "a.v1.A": "h:1" }');
    await failures.first(({ reason }) => /an array/.test(reason.message));
    await rm(made.file);
    await failures.first(({ reason }) => /no such file/.test(reason.message));
    await writeFile(made.file, at("h:2"));
    const back = await until(directory, (s) => s.freshness === "synced");
    assert.equal(addresses(back), "h:2");
    assert.deepEqual(
      failures.messages.map(({ role, hosts }) => ({ role, hosts })),
      Array(3).fill({ role: "directory", hosts: [made.file] }),
    );
    assert.match(
      failures.messages[0]?.reason.message ?? "",
      /static\.json: line 2: this is not JSON/,
    );
  });
});

describe("toStaticDirectory()", () => {
  test("is nothing without flags", () => {
    const none = { static: undefined, "static-file": undefined };
    assert.equal(toStaticDirectory(none), undefined);
  });

  test("takes a text, a file, or both", async () => {
    await using made = await createFile(at("h:2"));
    const entries = [{ service: A, addresses: ["h:1"] }];
    for (const [values, expected] of [
      [{ static: entries, "static-file": undefined }, "h:1"],
      [{ static: undefined, "static-file": made.file }, "h:2"],
      [{ static: entries, "static-file": made.file }, "h:1,h:2"],
    ] as const) {
      const directory = toStaticDirectory(values);
      assert.ok(directory);
      assert.equal(addresses(directory.snapshot), expected);
      await directory.close();
    }
  });
});
