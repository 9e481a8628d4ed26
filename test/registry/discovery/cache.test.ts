// A directory that begins while etcd is down, with what another one left.

import assert from "node:assert/strict";
import {
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import {
  cacheFailures,
  registryFailures,
} from "../../../mesh/registry/index.ts";
import { startEtcd, type TestEtcd } from "../../support/etcd.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import { until as poll } from "../../support/until.ts";
import {
  collect,
  del,
  holds,
  ids,
  isSynced,
  one,
  open,
  put,
  SERVICE,
  until,
} from "./support.ts";

describe("the cache file", { timeout: 60_000 }, () => {
  let etcd: TestEtcd;
  let dir: string;
  let cacheFile: string;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd[Symbol.asyncDispose]());
  beforeEach(async (context) => {
    await etcd.etcdctl("del", "--prefix", "/portolan/");
    dir = await mkdtemp(join(tmpdir(), "portolan-cache-"));
    cacheFile = join(dir, "registry.json");
    if ("after" in context) context.after(() => rm(dir, { recursive: true }));
  });

  // Leaves a file that knows these.
  async function leave(...known: string[]): Promise<void> {
    await put(etcd, ...known.map((id) => one(id)));
    await using directory = open(etcd.address, { cacheFile });
    await until(directory, isSynced);
  }

  test("lets a directory begin while etcd is down, and catch up later", async () => {
    await leave("a", "b");
    await using proxy = await startTcpProxy(etcd.address);
    proxy.refuse();
    using failures = collect(registryFailures);
    await using directory = open(proxy.address, { cacheFile });
    const { freshness, staleSinceMs = Infinity, serving } = directory.snapshot;
    assert.equal(freshness, "stale");
    assert.ok(staleSinceMs <= performance.now());
    assert.deepEqual(
      serving.get(SERVICE)?.map(({ id }) => id),
      ["a", "b"],
    );
    await failures.first(() => true);
    assert.deepEqual(ids(directory.snapshot), ["a", "b"]);
    await del(etcd, "a");
    await put(etcd, one("b", { version: "2" }), one("c"));
    await proxy.accept();
    const { instances, suspects } = await until(directory, isSynced);
    assert.deepEqual(
      instances.map(({ id, version }) => id + version),
      ["b2", "c"],
    );
    assert.equal(suspects.size, 0);
  });

  test("stays as old as it is while etcd is down", async () => {
    await leave("a");
    const before = await readFile(cacheFile, "utf8");
    await using proxy = await startTcpProxy(etcd.address);
    proxy.refuse();
    using failures = collect(registryFailures);
    {
      await using directory = open(proxy.address, { cacheFile });
      await failures.first(() => true);
      assert.deepEqual(ids(directory.snapshot), ["a"]);
    }
    assert.equal(await readFile(cacheFile, "utf8"), before);
  });

  test("is doubted less than an etcd that knows none of its instances", async () => {
    await leave("a", "b");
    await etcd.etcdctl("del", "--prefix", "/portolan/");
    await using directory = open(etcd.address, { cacheFile });
    const { suspects } = await until(directory, isSynced);
    assert.deepEqual([...suspects], ["a", "b"]);
  });

  test("is whole, for its owner only, and written only when something changed", async () => {
    await put(etcd, one("a"));
    await using directory = open(etcd.address, { cacheFile, cacheDelayMs: 1 });
    const text = () => readFile(cacheFile, "utf8").catch(() => "");
    await poll("the file is there", text);
    const { mode, ino } = await stat(cacheFile);
    assert.equal(mode & 0o777, 0o600);
    // The same again, and what is none of its business.
    await put(etcd, one("a"));
    await etcd.etcdctl("put", "/portolan/v1/instances/greeter/bad", "bad");
    await poll("it was heard", () => directory.stats.skipped === 1);
    assert.equal((await stat(cacheFile)).ino, ino);
    await put(etcd, one("b"));
    await poll("it was written", async () => (await text()).includes('"b"'));
    const { format, version, prefix, records } = JSON.parse(await text());
    assert.deepEqual(
      { format, version, prefix },
      {
        format: "portolan-registry-snapshot",
        version: 1,
        prefix: "/portolan/v1/instances/",
      },
    );
    assert.equal(records.length, 2);
    assert.deepEqual(await readdir(dir), ["registry.json"]);
  });

  test("that can't be written is reported, and done without", async () => {
    using failures = collect(cacheFailures);
    await put(etcd, one("a"));
    const nowhere = join(dir, "none", "registry.json");
    await using directory = open(etcd.address, {
      cacheFile: nowhere,
      cacheDelayMs: 1,
    });
    await until(directory, holds("a"));
    const { during, file } = await failures.first(() => true);
    assert.deepEqual({ during, file }, { during: "write", file: nowhere });
  });

  for (const [what, content, reason] of [
    ["is no JSON", "{", /it is no JSON/],
    ["is of somebody else", '{"hello": 1}', /it is no snapshot/],
    [
      "is of a newer version",
      '{"format":"portolan-registry-snapshot","version":2}',
      /its version is 2, not 1/,
    ],
    [
      "is of another prefix",
      '{"format":"portolan-registry-snapshot","version":1,"prefix":"/x/"}',
      /it is of \/x\//,
    ],
    [
      "was cut off",
      '{"format":"portolan-registry-snapshot","version":1,"prefix":"/portolan/v1/instances/"}',
      /it is incomplete/,
    ],
  ] as const) {
    test(`that ${what} is reported, ignored, and replaced`, async () => {
      await writeFile(cacheFile, content);
      using failures = collect(cacheFailures);
      await put(etcd, one("a"));
      {
        await using directory = open(etcd.address, { cacheFile });
        assert.equal(directory.snapshot.freshness, "never");
        await until(directory, isSynced);
      }
      assert.equal(failures.messages.length, 1);
      assert.match(String(failures.messages[0]?.reason), reason);
      await using later = open(etcd.address, { cacheFile });
      assert.deepEqual(ids(later.snapshot), ["a"]);
    });
  }
});
