// Nothing is lost between the list and the watch, within a transaction, or from
// one page of a list to the next.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { Etcd3 } from "etcd3";
import { encodeInstance } from "../../../core/index.ts";
import { instanceKey } from "../../../mesh/registry/index.ts";
import { startEtcd, type TestEtcd } from "../../support/etcd.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import {
  del,
  holds,
  ids,
  isSynced,
  one,
  open,
  put,
  record,
  until,
} from "./support.ts";

describe("list and watch", { timeout: 60_000 }, () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd[Symbol.asyncDispose]());
  beforeEach(() => etcd.etcdctl("del", "--prefix", "/portolan/"));

  test("S4: two records that one transaction writes are both seen, together", async () => {
    await using directory = open(etcd.address);
    await until(directory, isSynced);
    const { seen } = record(directory);
    const client = new Etcd3({ hosts: etcd.url });
    try {
      await client.kv.txn({
        success: [one("a"), one("b")].map((each) => ({
          request_put: {
            key: Buffer.from(instanceKey(each)),
            value: Buffer.from(encodeInstance(each)),
          },
        })),
      });
    } finally {
      client.close();
    }
    await until(directory, holds("a", "b"));
    assert.deepEqual(seen, [[], ["a", "b"]]);
  });

  test("S5: what changes after the list and before the watch is seen", async () => {
    await put(etcd, one("a"), one("b"));
    await using proxy = await startTcpProxy(etcd.address);
    await using directory = open(proxy.address);
    // The list is told before the watch is asked for: hold that back.
    await until(directory, (snapshot) => {
      if (isSynced(snapshot)) proxy.stall("to target");
      return isSynced(snapshot);
    });
    await put(etcd, one("c"));
    await del(etcd, "a");
    const { seen } = record(directory);
    proxy.pass();
    await until(directory, holds("b", "c"));
    assert.deepEqual(seen[0], ["a", "b"]);
    assert.equal(directory.stats.lists, 1);
    assert.equal(directory.snapshot.freshness, "synced");
  });

  test("a list of several pages, with changes in between, is complete", async () => {
    const all = Array.from({ length: 12 }, (_, i) => one(`${10 + i}`));
    await put(etcd, ...all);
    await using proxy = await startTcpProxy(etcd.address);
    await using directory = open(proxy.address, { pageKeys: 2 });
    const { seen } = record(directory);
    const synced = until(directory, isSynced);
    // Once the first pages came, hold back the requests for others.
    await proxy.next("bytes to client");
    await proxy.next("bytes to client");
    proxy.stall("to target");
    await del(etcd, "21");
    await put(etcd, one("05"), one("20", { version: "2" }));
    proxy.pass();
    await synced;
    await until(directory, (snapshot) => ids(snapshot)[0] === "05");
    const { instances } = await until(
      directory,
      (snapshot) => !ids(snapshot).includes("21"),
    );
    const expected = ["05", ...all.map(({ id }) => id).slice(0, -1)];
    assert.deepEqual(
      instances.map(({ id }) => id),
      expected,
    );
    assert.equal(instances.at(-1)?.version, "2");
    assert.deepEqual(seen[0], []);
    assert.equal(directory.stats.lists, 1);
  });

  test("an old watch is replaced without anybody noticing, and misses nothing", async () => {
    await put(etcd, one("a"));
    await using directory = open(etcd.address, {
      maxWatchAgeMs: 20,
      // So many departures one after the other would make it doubt.
      guardGraceMs: 0,
    });
    await until(directory, isSynced);
    const { seen, freshness } = record(directory);
    const expected = [["a"]];
    while (directory.stats.watches < 20) {
      const id = `b${directory.stats.watches}`;
      await put(etcd, one(id));
      await until(directory, holds("a", id));
      await del(etcd, id);
      await until(directory, holds("a"));
      expected.push(["a", id], ["a"]);
    }
    assert.deepEqual(seen, expected);
    assert.deepEqual(new Set(freshness), new Set(["synced"]));
  });

  test("whatever the number of services, there is one list and one watch", async () => {
    const services = Array.from({ length: 30 }, (_, i) => `x.v1.X${i}`);
    await put(
      etcd,
      ...services.map((service, i) =>
        one(`${i}`, { name: `x${i}`, services: [service] }),
      ),
    );
    await using proxy = await startTcpProxy(etcd.address);
    await using directory = open(proxy.address);
    await until(directory, isSynced);
    await put(etcd, one("late", { services: ["y.v1.Y"] }));
    const { serving } = await until(directory, (s) => s.serving.has("y.v1.Y"));
    assert.equal(serving.size, 31);
    const { lists, watches } = directory.stats;
    assert.deepEqual({ lists, watches }, { lists: 1, watches: 1 });
    assert.equal(proxy.connections, 1);
  });
});
