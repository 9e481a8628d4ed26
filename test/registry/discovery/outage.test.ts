// What a directory shows while the connection to etcd, or etcd, is broken in
// every way we know of, and whether it catches up.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { quickElection, startEtcd, type TestEtcd } from "../../support/etcd.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import {
  compact,
  del,
  holds,
  isStale,
  isSynced,
  one,
  open,
  put,
  record,
  until,
  watching,
} from "./support.ts";

describe("an outage", { timeout: 120_000 }, () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd({ flags: quickElection });
  });
  after(() => etcd[Symbol.asyncDispose]());
  beforeEach(() => etcd.etcdctl("del", "--prefix", "/portolan/"));

  test("S3: compaction while the watch is cut off loses nothing", async () => {
    await put(etcd, one("a"), one("b"));
    await using proxy = await startTcpProxy(etcd.address);
    await using directory = open(proxy.address);
    await until(directory, isSynced);
    const { seen } = record(directory);
    const stale = until(directory, isStale);
    proxy.refuse();
    proxy.reset();
    await stale;
    await del(etcd, "a");
    await put(etcd, one("c"));
    await compact(etcd);
    await proxy.accept();
    await until(directory, holds("b", "c"));
    // Never an empty set, never one of both times.
    assert.deepEqual(seen, [
      ["a", "b"],
      ["a", "b"],
      ["b", "c"],
    ]);
  });

  test("S3: compaction between list and watch loses nothing", async () => {
    await put(etcd, one("a"), one("b"));
    await using proxy = await startTcpProxy(etcd.address);
    await using directory = open(proxy.address);
    let held = false;
    await until(directory, (snapshot) => {
      if (!held && isSynced(snapshot)) proxy.stall("to target");
      held ||= isSynced(snapshot);
      return held;
    });
    await del(etcd, "a");
    await put(etcd, one("c"));
    await compact(etcd);
    proxy.pass();
    await until(directory, (s) => isSynced(s) && holds("b", "c")(s));
    assert.ok(directory.stats.lists >= 2);
  });

  for (const [how, cut] of [
    ["reset", (proxy) => proxy.reset()],
    ["cut in the midst of a message", (proxy) => proxy.cutAfter(3)],
  ] as const satisfies [string, (proxy: Proxy) => void][]) {
    test(`what changes while a connection is ${how} is seen`, async () => {
      await put(etcd, one("a"), one("b"));
      await using proxy = await startTcpProxy(etcd.address);
      await using directory = open(proxy.address);
      await watching(directory);
      const { seen } = record(directory);
      cut(proxy);
      await Promise.all([put(etcd, one("c")), del(etcd, "a")]);
      await until(directory, (s) => isSynced(s) && holds("b", "c")(s));
      assert.ok(seen.every((each) => each.includes("b")));
    });
  }

  for (const mode of ["stall", "drop"] as const) {
    test(`a connection that is silent (${mode}) is noticed within 10 s, and what changes meanwhile is seen`, async () => {
      await put(etcd, one("a"), one("b"));
      await using proxy = await startTcpProxy(etcd.address);
      await using directory = open(proxy.address);
      await watching(directory);
      const { seen } = record(directory);
      proxy[mode]();
      const silentSince = performance.now();
      const stale = until(directory, isStale);
      await del(etcd, "a");
      await put(etcd, one("c"));
      const { staleSinceMs = Infinity } = await stale;
      // The promise, with a second for a machine that has much to do.
      assert.ok(staleSinceMs - silentSince < 11_000);
      assert.deepEqual(seen.at(-1), ["a", "b"]);
      proxy.pass();
      await until(directory, (s) => isSynced(s) && holds("b", "c")(s));
      assert.ok(seen.every((each) => each.includes("b")));
    });
  }

  test("S7: a frozen etcd is noticed within 10 s; what was known is shown as stale until it thaws", async () => {
    await put(etcd, one("a"), one("b"));
    await using directory = open(etcd.address);
    await watching(directory);
    const { seen, freshness } = record(directory);
    await etcd.freeze();
    const frozenSince = performance.now();
    let staleSince: number;
    try {
      const { staleSinceMs = Infinity, serving } = await until(
        directory,
        isStale,
      );
      staleSince = staleSinceMs;
      assert.equal(serving.get("greeter.v1.GreeterService")?.length, 2);
    } finally {
      await etcd.thaw();
    }
    assert.ok(staleSince - frozenSince < 11_000);
    await until(directory, isSynced);
    await put(etcd, one("c"));
    await until(directory, holds("a", "b", "c"));
    assert.deepEqual(freshness, ["synced", "stale", "synced", "synced"]);
    assert.ok(seen.every((each) => each.length >= 2));
  });
});

type Proxy = Awaited<ReturnType<typeof startTcpProxy>>;

describe("an etcd that lost its data", { timeout: 120_000 }, () => {
  for (const [what, changes] of [
    ["fewer", 0],
    ["more", 60],
  ] as const) {
    test(`S6: is followed from its new beginning, with ${what} revisions than before`, async () => {
      await using etcd = await startEtcd({ flags: quickElection });
      await using proxy = await startTcpProxy(etcd.address);
      for (let i = 0; i < 20; i++) await etcd.etcdctl("put", "/else", `${i}`);
      await put(etcd, one("a"), one("b"), one("c"));
      // Without the guard: what is gone is to be seen gone.
      await using directory = open(proxy.address, { guardGraceMs: 0 });
      await until(directory, isSynced);
      const before = directory.stats.revision;
      const { seen } = record(directory);
      const stale = until(directory, isStale);
      proxy.refuse();
      await etcd.stop();
      await stale;
      await etcd.start("no data");
      for (let i = 0; i < changes; i++) {
        await etcd.etcdctl("put", "/else", `${i}`);
      }
      await put(etcd, one("b", { version: "2" }));
      await proxy.accept();
      const { instances } = await until(directory, isSynced);
      assert.deepEqual(
        instances.map(({ id, version }) => `${id} ${version}`),
        ["b 2"],
      );
      assert.equal(directory.stats.revision > before, what === "more");
      // It is not deaf.
      await put(etcd, one("d"));
      await until(directory, holds("b", "d"));
      assert.deepEqual(seen, [
        ["a", "b", "c"],
        ["a", "b", "c"],
        ["b"],
        ["b", "d"],
      ]);
    });
  }

  test("S6: a record of the same revision that says something else is read anew", async () => {
    await using etcd = await startEtcd({ flags: quickElection });
    await using proxy = await startTcpProxy(etcd.address);
    await put(etcd, one("a"));
    await using directory = open(proxy.address);
    await until(directory, holds("a"));
    const { revision } = directory.stats;
    const stale = until(directory, isStale);
    proxy.refuse();
    await etcd.stop();
    await stale;
    await etcd.start("no data");
    await put(etcd, one("a", { version: "2" }));
    await proxy.accept();
    const { instances } = await until(directory, isSynced);
    assert.deepEqual(
      instances.map(({ id, version }) => id + version),
      ["a2"],
    );
    assert.equal(directory.stats.revision, revision);
  });

  test("S6: its services stay known until they have registered again", async () => {
    await using etcd = await startEtcd({ flags: quickElection });
    await put(etcd, one("a"), one("b"));
    await using directory = open(etcd.address);
    await until(directory, isSynced);
    const { seen } = record(directory);
    await etcd.stop();
    await etcd.start("no data");
    const { suspects, serving } = await until(
      directory,
      (s) => isSynced(s) && s.suspects.size > 0,
    );
    assert.deepEqual([...suspects], ["a", "b"]);
    assert.equal(serving.get("greeter.v1.GreeterService")?.length, 2);
    await put(etcd, one("a"), one("b"));
    await until(directory, (s) => s.suspects.size === 0);
    assert.ok(seen.every((each) => each.length === 2));
  });
});
