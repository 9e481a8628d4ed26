// Tests scripts/http2-tools.ts and scripts/h2spec.ts as programs: where they
// look, and what they say when there is nothing.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, test } from "node:test";

const scripts = join(import.meta.dirname, "../../../scripts");

/** A temporary folder with programs that print "no" and fail. */
async function programs(...names: string[]) {
  const dir = await mkdtemp(join(tmpdir(), "portolan-http2-tools-test-"));
  for (const name of names) {
    await writeFile(join(dir, name), "#!/bin/sh\necho no >&2\nexit 1\n");
    await chmod(join(dir, name), 0o755);
  }
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
}

/** Copies of the scripts look into a .cache of their own, which is empty. */
async function copyTo(dir: string, name: string): Promise<string> {
  await mkdir(join(dir, "scripts"));
  for (const file of [name, "debian.ts", "h2spec"]) {
    const to = join(dir, "scripts", file);
    await cp(join(scripts, file), to, { recursive: true });
  }
  return join(dir, "scripts", name);
}

function run(file: string, env: { PATH: string; H2SPEC_DIR?: string }) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
    env,
    encoding: "utf8",
  });
  return { status, lines: stdout.trimEnd().split("\n"), stderr };
}

describe("scripts/http2-tools.ts", () => {
  const script = join(scripts, "http2-tools.ts");

  test("takes all three from PATH, wherever each is", async () => {
    await using one = await programs("h2load", "nghttp");
    await using two = await programs("nghttpd", "nghttp");
    const { lines } = run(script, { PATH: [one.dir, two.dir].join(delimiter) });
    const found = [
      join(one.dir, "nghttp"),
      join(two.dir, "nghttpd"),
      join(one.dir, "h2load"),
    ];
    assert.deepEqual(lines, found);
  });

  test("says how to install them when PATH has some and apt fails", async () => {
    await using some = await programs("h2load", "apt-get");
    const copy = await copyTo(some.dir, "http2-tools.ts");
    const { status, stderr } = run(copy, { PATH: some.dir });
    assert.equal(status, 1);
    assert.match(stderr, /neither on PATH nor to be had from apt/);
    assert.match(stderr, /apt-get install nghttp2-client nghttp2-server/);
  });
});

describe("scripts/h2spec.ts", () => {
  const script = join(scripts, "h2spec.ts");

  test("takes both from H2SPEC_DIR", async () => {
    await using chosen = await programs("h2spec", "h2specd");
    const { lines } = run(script, { PATH: "", H2SPEC_DIR: chosen.dir });
    const found = [join(chosen.dir, "h2spec"), join(chosen.dir, "h2specd")];
    assert.deepEqual(lines, found);
  });

  test("says so when H2SPEC_DIR holds one of them", async () => {
    await using half = await programs("h2spec");
    const { status, stderr } = run(script, { PATH: "", H2SPEC_DIR: half.dir });
    assert.equal(status, 1);
    assert.match(stderr, /does not hold h2spec and h2specd/);
  });

  test("says what Go said when it can't be built, and leaves nothing", async () => {
    await using broken = await programs("go");
    const copy = await copyTo(broken.dir, "h2spec.ts");
    for (const _ of ["first", "second"]) {
      const { status, stderr } = run(copy, { PATH: broken.dir });
      assert.equal(status, 1);
      assert.match(stderr, /Command failed: .*go build/);
      assert.match(stderr, /^no$/m);
    }
  });
});
