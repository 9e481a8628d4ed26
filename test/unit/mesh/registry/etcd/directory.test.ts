// The directory on etcd, when things go wrong: outages, compaction, values that
// are no records.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { encodeInstance } from "../../../../../core/index.ts";
import {
  createEtcdDirectory,
  freshnessChanges,
  instanceKey,
  registryFailures,
  type Snapshot,
  skippedRecords,
} from "../../../../../mesh/registry/index.ts";
import { startEtcd, type TestEtcd } from "../../../../support/etcd.ts";
import { freePorts } from "../../../../support/ports.ts";
import {
  collect,
  createNetwork,
  ids,
  instance,
  until,
  withoutEtcd,
} from "../support.ts";

const isSynced = ({ freshness }: Snapshot) => freshness === "synced";
const isStale = ({ freshness }: Snapshot) => freshness === "stale";

describe("the directory on etcd", { timeout: 60_000 }, () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd[Symbol.asyncDispose]());
  beforeEach(() => etcd.etcdctl("del", "--prefix", "/portolan/"));

  function put(one = instance()): Promise<string> {
    return etcd.etcdctl("put", instanceKey(one), encodeInstance(one));
  }

  test("it keeps what it knew while etcd is away, and catches up", async () => {
    await put(instance({ id: "a" }));
    await using directory = createEtcdDirectory({ hosts: [etcd.address] });
    await until(directory, isSynced);
    const stale = until(directory, isStale);
    await etcd.stop();
    const { instances, serving, staleSinceMs } = await stale;
    assert.deepEqual(
      instances.map(({ id }) => id),
      ["a"],
    );
    assert.equal(serving.size, 1);
    assert.ok((staleSinceMs ?? Infinity) <= performance.now());
    await etcd.start();
    await put(instance({ id: "b" }));
    const after = await until(directory, (s) => ids(s).includes("b"));
    assert.deepEqual(ids(after), ["a", "b"]);
    assert.equal(after.freshness, "synced");
    assert.equal(after.staleSinceMs, undefined);
  });

  test("it sees what came and left while the network was cut, though etcd compacted it", async () => {
    await put(instance({ id: "a" }));
    await put(instance({ id: "b" }));
    await using network = await createNetwork(etcd.address);
    await using directory = createEtcdDirectory({ hosts: [network.address] });
    await until(directory, isSynced);
    const stale = until(directory, isStale);
    await network.cut();
    await stale;
    await etcd.etcdctl("del", instanceKey(instance({ id: "a" })));
    await put(instance({ id: "c" }));
    const status = await etcd.etcdctl("get", "x", "--write-out=json");
    const revision: unknown = JSON.parse(status).header.revision;
    await etcd.etcdctl("compact", String(revision));
    const seen: string[][] = [];
    const end = directory.subscribe((s) => seen.push(ids(s)));
    await network.restore();
    await until(directory, isSynced);
    end();
    // Never an empty set in between.
    assert.deepEqual(seen, [
      ["a", "b"],
      ["b", "c"],
    ]);
  });

  test("it hears etcd again after an outage of which nothing is left but time", async () => {
    await put(instance({ id: "a" }));
    await using network = await createNetwork(etcd.address);
    await using directory = createEtcdDirectory({ hosts: [network.address] });
    await until(directory, isSynced);
    using changes = collect(freshnessChanges);
    const stale = until(directory, isStale);
    await network.cut();
    await stale;
    await network.restore();
    await until(directory, isSynced);
    assert.deepEqual(
      changes.messages.map(({ from, to }) => `${from} ${to}`),
      ["synced stale", "stale synced"],
    );
    assert.equal(
      changes.messages[0]?.reason && "code" in changes.messages[0].reason,
      true,
    );
    await put(instance({ id: "b" }));
    await until(directory, (s) => ids(s).length === 2);
  });

  test("it begins when etcd comes up later", async () => {
    await put(instance({ id: "a" }));
    await using network = await createNetwork(etcd.address);
    await network.cut();
    using failures = collect(registryFailures);
    await using directory = createEtcdDirectory({ hosts: [network.address] });
    await failures.first(() => true);
    assert.equal(directory.snapshot.freshness, "never");
    await network.restore();
    assert.deepEqual(ids(await until(directory, isSynced)), ["a"]);
  });

  test("it turns to the next member when one does not answer", async () => {
    const [port] = await freePorts(1);
    const hosts = [`127.0.0.1:${port}`, etcd.address];
    // Each begins with a random member: some with the dead one.
    const directories = Array.from({ length: 8 }, () =>
      createEtcdDirectory({ hosts }),
    );
    await Promise.all(directories.map((each) => until(each, isSynced)));
    await Promise.all(directories.map((each) => each.close()));
  });

  test("it tries on, and tells so once, while no etcd answers", async () => {
    using failures = collect(registryFailures);
    await withoutEtcd(async (address, tries) => {
      await using directory = createEtcdDirectory({ hosts: [address] });
      await tries(4);
      assert.equal(directory.snapshot.freshness, "never");
    });
    assert.deepEqual(
      failures.messages.map(({ role }) => role),
      ["directory"],
    );
    assert.match(String(failures.messages[0]?.reason), /UNAVAILABLE/);
  });

  test("a value that is no record is skipped, told once, and hides nobody", async () => {
    using skipped = collect(skippedRecords);
    const bad = "/portolan/v1/instances/greeter/bad";
    const elsewhere = "/portolan/v1/instances/greeter/elsewhere";
    await put(instance({ id: "a" }));
    await etcd.etcdctl("put", bad, "not json");
    await etcd.etcdctl("put", elsewhere, encodeInstance(instance()));
    await using network = await createNetwork(etcd.address);
    await using directory = createEtcdDirectory({ hosts: [network.address] });
    await until(directory, (s) => ids(s).includes("a"));
    const stale = until(directory, isStale);
    await network.cut();
    await stale;
    await network.restore();
    await until(directory, isSynced);
    assert.deepEqual(
      skipped.messages.map(({ key }) => key),
      [bad, elsewhere],
    );
  });

  test("an instance leaves when its record is overwritten with something else", async () => {
    const one = instance({ id: "a" });
    await put(one);
    await put(instance({ id: "b" }));
    await using directory = createEtcdDirectory({ hosts: [etcd.address] });
    await until(directory, (s) => ids(s).length === 2);
    using skipped = collect(skippedRecords);
    await etcd.etcdctl("put", instanceKey(one), "{}");
    const left = await until(directory, (s) => ids(s).length === 1);
    assert.deepEqual(ids(left), ["b"]);
    assert.equal(skipped.messages[0]?.key, instanceKey(one));
    await put(one);
    await until(directory, (s) => ids(s).length === 2);
    await etcd.etcdctl("del", instanceKey(one));
    await until(directory, (s) => ids(s).length === 1);
  });

  test("keys beside the prefix are none of its business", async () => {
    using skipped = collect(skippedRecords);
    await etcd.etcdctl("put", "/portolan/v1/instances", "x");
    await etcd.etcdctl("put", "/portolan/v1/instances0", "x");
    await put(instance({ id: "a" }));
    await using directory = createEtcdDirectory({ hosts: [etcd.address] });
    assert.deepEqual(ids(await until(directory, isSynced)), ["a"]);
    assert.deepEqual(skipped.messages, []);
  });

  for (const hosts of [[], ["localhost"], ["http://localhost:2379"]]) {
    test(`${JSON.stringify(hosts)} as addresses is a usage error`, () => {
      assert.throws(() => createEtcdDirectory({ hosts }), {
        code: "ERR_USAGE",
      });
    });
  }
});
