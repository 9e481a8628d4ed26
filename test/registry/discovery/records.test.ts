// Which records are seen, and as what.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { encodeInstance, State } from "../../../core/index.ts";
import { instanceKey, skippedRecords } from "../../../mesh/registry/index.ts";
import { startEtcd, type TestEtcd } from "../../support/etcd.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import {
  collect,
  holds,
  isStale,
  isSynced,
  one,
  open,
  PREFIX,
  put,
  record,
  SERVICE,
  until,
} from "./support.ts";

describe("records", { timeout: 60_000 }, () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd[Symbol.asyncDispose]());
  beforeEach(() => etcd.etcdctl("del", "--prefix", "/portolan"));

  test("S10: a value that can't be read is skipped, counted and reported once, and hides nobody", async () => {
    using skipped = collect(skippedRecords);
    await put(etcd, one("a"), one("c"));
    const bad = `${PREFIX}greeter/b`;
    await etcd.etcdctl("put", bad, "not json");
    await using proxy = await startTcpProxy(etcd.address);
    await using directory = open(proxy.address);
    await until(directory, holds("a", "c"));
    assert.deepEqual(
      skipped.messages.map(({ key }) => key),
      [bad],
    );
    // Listed again, it is not news.
    const stale = until(directory, isStale);
    proxy.reset();
    await stale;
    await until(directory, isSynced);
    assert.equal(skipped.messages.length, 1);
    assert.equal(directory.stats.skipped, 1);
    assert.equal(directory.stats.skippedTotal, 1);
    // Written again, it is.
    await etcd.etcdctl("put", bad, "not json");
    await etcd.etcdctl("put", `${PREFIX}greeter/d`, encodeInstance(one("x")));
    await put(etcd, one("e"));
    await until(directory, holds("a", "c", "e"));
    assert.equal(directory.stats.skipped, 2);
    assert.equal(directory.stats.skippedTotal, 3);
    assert.equal(skipped.messages.length, 3);
    await etcd.etcdctl("del", bad);
    await put(etcd, one("f"));
    await until(directory, holds("a", "c", "e", "f"));
    assert.equal(directory.stats.skipped, 1);
  });

  test("S11: foo does not see foobar, nor what stands beside the prefix", async () => {
    using skipped = collect(skippedRecords);
    const foo = "foo.v1.Foo";
    const foobar = "foo.v1.FooBar";
    await etcd.etcdctl("put", "/portolan/v1/instances", "x");
    await etcd.etcdctl("put", "/portolan/v1/instances0/foo/1", "x");
    await etcd.etcdctl("put", "/portolan0/v1/instances/foo/1", "x");
    await put(
      etcd,
      one("1", { name: "foobar", services: [foobar] }),
      one("1", { name: "foo", services: [foo] }),
    );
    // A record of foobar under a key of foo is nobody's.
    await etcd.etcdctl(
      "put",
      `${PREFIX}foo/2`,
      encodeInstance(one("2", { name: "foobar", services: [foobar] })),
    );
    await using directory = open(etcd.address);
    const { instances, serving } = await until(directory, isSynced);
    assert.deepEqual(
      instances.map(({ name, id }) => `${name}/${id}`),
      ["foo/1", "foobar/1"],
    );
    assert.deepEqual(
      serving.get(foo)?.map(({ name }) => name),
      ["foo"],
    );
    assert.deepEqual(
      serving.get(foobar)?.map(({ name }) => name),
      ["foobar"],
    );
    assert.deepEqual(
      skipped.messages.map(({ key }) => key),
      [`${PREFIX}foo/2`],
    );
  });

  test("S12: a change of version, or of metadata, alone is published; none at all is not", async () => {
    const a = one("a");
    await put(etcd, a);
    await using directory = open(etcd.address);
    await until(directory, isSynced);
    const { seen } = record(directory);
    await put(etcd, a);
    await put(etcd, { ...a, version: "2" });
    await until(directory, (s) => s.instances[0]?.version === "2");
    await put(etcd, { ...a, version: "2", metadata: { x: "y" } });
    const { serving } = await until(
      directory,
      (s) => s.instances[0]?.metadata["x"] === "y",
    );
    assert.equal(serving.get(SERVICE)?.[0]?.metadata["x"], "y");
    // The first is what record() heard at once.
    assert.equal(seen.length, 3);
  });

  test("a departure is told at once, together with what was gathered", async () => {
    const a = one("a");
    await put(etcd, a, one("b"));
    await using directory = open(etcd.address, { gatherMs: 1e6 });
    await until(directory, isSynced);
    const { seen } = record(directory);
    await put(etcd, one("c"));
    await put(etcd, { ...a, state: State.DRAINING });
    const { serving } = await until(directory, holds("a", "b", "c"));
    assert.deepEqual(
      serving.get(SERVICE)?.map(({ id }) => id),
      ["b", "c"],
    );
    await put(etcd, one("d"));
    await etcd.etcdctl("del", instanceKey(a));
    await until(directory, holds("b", "c", "d"));
    assert.deepEqual(seen, [
      ["a", "b"],
      ["a", "b", "c"],
      ["b", "c", "d"],
    ]);
  });

  test("a snapshot is frozen, and what did not change is the same array", async () => {
    const other = one("o", { services: ["o.v1.O"] });
    await put(etcd, one("a"), other);
    await using directory = open(etcd.address);
    const before = await until(directory, isSynced);
    await put(etcd, one("b"));
    const after = await until(directory, holds("a", "b", "o"));
    for (const part of [after, after.instances, after.serving.get(SERVICE)]) {
      assert.ok(Object.isFrozen(part));
    }
    assert.equal(after.serving.get("o.v1.O"), before.serving.get("o.v1.O"));
    assert.equal(before.instances.length, 2);
    assert.equal(before.serving.get(SERVICE)?.length, 1);
  });
});
