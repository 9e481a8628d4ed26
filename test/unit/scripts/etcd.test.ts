// Tests scripts/etcd.ts as a program: where it looks, and what it says when
// there is nothing.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  rm,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, test } from "node:test";

const script = join(import.meta.dirname, "../../../scripts/etcd.ts");
const debian = join(import.meta.dirname, "../../../scripts/debian.ts");

/** A temporary folder with programs that print "no" and fail. */
async function programs(...names: string[]) {
  const dir = await mkdtemp(join(tmpdir(), "portolan-etcd-test-"));
  for (const name of names) {
    await writeFile(join(dir, name), "#!/bin/sh\necho no >&2\nexit 1\n");
    await chmod(join(dir, name), 0o755);
  }
  return {
    dir,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  };
}

function run(file: string, env: { PATH: string; ETCD_BIN?: string }) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
    env,
    encoding: "utf8",
  });
  return { status, lines: stdout.trimEnd().split("\n"), stderr };
}

describe("scripts/etcd.ts", () => {
  test("takes what ETCD_BIN names, and the etcdctl beside it, before PATH", async () => {
    await using chosen = await programs("my-etcd", "etcdctl");
    await using other = await programs("etcd", "etcdctl");
    const etcd = join(chosen.dir, "my-etcd");
    const { status, lines } = run(script, { PATH: other.dir, ETCD_BIN: etcd });
    assert.equal(status, 0);
    assert.deepEqual(lines, [etcd, join(chosen.dir, "etcdctl")]);
  });

  test("takes etcdctl from PATH when there is none beside ETCD_BIN", async () => {
    await using chosen = await programs("etcd");
    await using other = await programs("etcd", "etcdctl");
    const etcd = join(chosen.dir, "etcd");
    const { lines } = run(script, { PATH: other.dir, ETCD_BIN: etcd });
    assert.deepEqual(lines, [etcd, join(other.dir, "etcdctl")]);
  });

  test("takes both from PATH, wherever each is", async () => {
    await using one = await programs("etcdctl");
    await using two = await programs("etcd");
    const PATH = [one.dir, two.dir].join(delimiter);
    const { lines } = run(script, { PATH });
    assert.deepEqual(lines, [join(two.dir, "etcd"), join(one.dir, "etcdctl")]);
  });

  test("says so when ETCD_BIN names no program", () => {
    const { status, stderr } = run(script, { PATH: "", ETCD_BIN: "/no/etcd" });
    assert.equal(status, 1);
    assert.match(stderr, /^ETCD_BIN=\/no\/etcd is not a program\./);
    assert.match(stderr, /apt-get install etcd-server etcd-client/);
  });

  test("says how to install one when PATH has half and apt fails", async () => {
    // A copy of the script looks into a .cache of its own, which is empty.
    await using half = await programs("etcd", "apt-get");
    await mkdir(join(half.dir, "scripts"));
    const copy = join(half.dir, "scripts/etcd.ts");
    await copyFile(script, copy);
    await copyFile(debian, join(half.dir, "scripts/debian.ts"));
    const { status, stderr } = run(copy, { PATH: half.dir });
    assert.equal(status, 1);
    assert.match(stderr, /neither on PATH nor to be had from apt/);
    assert.match(stderr, /apt-get install etcd-server etcd-client/);
    assert.match(stderr, /brew install etcd/);
    assert.match(stderr, /ETCD_BIN=/);
  });
});
