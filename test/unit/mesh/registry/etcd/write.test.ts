// Writing a key of our own: again, after a lost answer, and against others.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { createConnection } from "../../../../../mesh/registry/etcd/connection.ts";
import { Lease } from "../../../../../mesh/registry/etcd/lease.ts";
import { resolveEtcdOptions } from "../../../../../mesh/registry/etcd/options.ts";
import { writeOwn } from "../../../../../mesh/registry/etcd/write.ts";
import { startEtcd, type TestEtcd } from "../../../../support/etcd.ts";

describe("writing a key of our own", { timeout: 30_000 }, () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd[Symbol.asyncDispose]());
  beforeEach(() => etcd.etcdctl("del", "k"));

  async function open() {
    const connection = createConnection(
      resolveEtcdOptions({ hosts: [etcd.address] }),
    );
    const client = connection.client();
    const ours = await Lease.grant(client, 60);
    const theirs = await Lease.grant(client, 60);
    return {
      write: (value: string | undefined, lease = ours) =>
        writeOwn(client.kv, { key: "k", value, leaseId: lease.id }),
      theirs,
      read: async () =>
        (await etcd.etcdctl("get", "k", "--print-value-only")).trim(),
      leaseOfKey: async () => {
        const { kvs } = await client.kv.range({ key: Buffer.from("k") });
        return kvs[0]?.lease === ours.id ? "ours" : kvs[0]?.lease;
      },
      [Symbol.dispose]: () => connection.drop(),
    };
  }

  test("it creates the key with our lease", async () => {
    using own = await open();
    assert.equal(await own.write("1"), undefined);
    assert.equal(await own.read(), "1");
    assert.equal(await own.leaseOfKey(), "ours");
  });

  test("it may be repeated, as after an answer that got lost", async () => {
    using own = await open();
    await own.write("1");
    assert.equal(await own.write("1"), undefined);
    assert.equal(await own.read(), "1");
  });

  test("it changes what is ours and keeps the lease", async () => {
    using own = await open();
    await own.write("1");
    assert.equal(await own.write("2"), undefined);
    assert.equal(await own.read(), "2");
    assert.equal(await own.leaseOfKey(), "ours");
  });

  test("it deletes what is ours, and may be repeated", async () => {
    using own = await open();
    await own.write("1");
    assert.equal(await own.write(undefined), undefined);
    assert.equal(await own.write(undefined), undefined);
    assert.equal(await own.read(), "");
  });

  test("it leaves alone what carries another lease, even with our value", async () => {
    using own = await open();
    await own.write("1", own.theirs);
    assert.equal(String((await own.write("1"))?.value), "1");
    assert.equal(String((await own.write(undefined))?.value), "1");
    assert.equal(await own.leaseOfKey(), own.theirs.id);
  });

  test("it leaves alone what carries no lease", async () => {
    using own = await open();
    await etcd.etcdctl("put", "k", "by hand");
    assert.equal(String((await own.write("1"))?.value), "by hand");
    assert.equal(await own.read(), "by hand");
  });
});
