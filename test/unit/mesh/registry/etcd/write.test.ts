// Writing a key of our own: again, after a lost answer, and against others.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { encodeInstance } from "../../../../../core/index.ts";
import { createConnection } from "../../../../../mesh/registry/etcd/connection.ts";
import { Lease } from "../../../../../mesh/registry/etcd/lease.ts";
import { resolveEtcdOptions } from "../../../../../mesh/registry/etcd/options.ts";
import { resolveEtcdRegistrarOptions } from "../../../../../mesh/registry/etcd/registrar-options.ts";
import { readKeys, writeOwn } from "../../../../../mesh/registry/etcd/write.ts";
import { startEtcd, type TestEtcd } from "../../../../support/etcd.ts";
import { instance } from "../support.ts";

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
    const options = { hosts: [etcd.address], leaseTtlSeconds: 60 };
    const [ours, former, theirs] = [1, 2, 3].map(
      () => new Lease(resolveEtcdRegistrarOptions(options)),
    );
    assert.ok(ours && former && theirs);
    for (const lease of [ours, former, theirs]) await lease.hold(client, false);
    return {
      write: (value: string | undefined, lease = ours) =>
        writeOwn(client.kv, {
          key: "k",
          value,
          nonce: "ours",
          leaseId: lease.id,
        }),
      former,
      theirs,
      /** Write whatever somebody else would write. */
      put: (value: string, lease?: Lease) =>
        client.kv.put({
          key: Buffer.from("k"),
          value: Buffer.from(value),
          ...(lease && { lease: lease.id }),
        }),
      read: async () =>
        (await etcd.etcdctl("get", "k", "--print-value-only")).trim(),
      leaseOfKey: async () => {
        const { kvs } = await client.kv.range({ key: Buffer.from("k") });
        return kvs[0]?.lease === ours.id ? "ours" : kvs[0]?.lease;
      },
      keys: (...keys: string[]) => readKeys(client.kv, keys),
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

  test("it takes over what carries our nonce, whatever the lease", async () => {
    using own = await open();
    await own.put(record("ours"), own.former);
    assert.equal(await own.write("1"), undefined);
    assert.equal(await own.read(), "1");
    assert.equal(await own.leaseOfKey(), "ours");
    await own.put(record("ours"));
    assert.equal(await own.write(undefined), undefined);
    assert.equal(await own.read(), "");
  });

  test("it leaves alone what carries another nonce and another lease", async () => {
    using own = await open();
    await own.put(record("theirs"), own.theirs);
    assert.equal(String((await own.write("1"))?.value), record("theirs"));
    assert.equal(String((await own.write(undefined))?.value), record("theirs"));
    assert.equal(await own.leaseOfKey(), own.theirs.id);
  });

  for (const [what, value, withLease] of [
    ["garbage without a lease", "by hand", false],
    ["garbage with a lease", "by hand", true],
    ["a record without a nonce", record(""), true],
    ["a record without a lease", record("theirs"), false],
  ] as const) {
    test(`it overwrites ${what}, and does not delete it`, async () => {
      using own = await open();
      await own.put(value, withLease ? own.theirs : undefined);
      assert.equal(await own.write(undefined), undefined);
      assert.equal(await own.read(), value);
      assert.equal(await own.write("1"), undefined);
      assert.equal(await own.read(), "1");
      assert.equal(await own.leaseOfKey(), "ours");
    });
  }

  test("keys are read in their order, more than one request takes too", async () => {
    using own = await open();
    await own.write("1");
    const keys = Array.from({ length: 250 }, (_, i) => `none${i}`);
    const found = await own.keys("before", ...keys, "k", ...keys);
    assert.equal(found.length, 502);
    assert.deepEqual(
      [...found.keys()].filter((at) => found[at] !== undefined),
      [251],
    );
    assert.deepEqual(await own.keys(), []);
  });

  test("a lease that was granted already is held", async () => {
    const connection = createConnection(
      resolveEtcdOptions({ hosts: [etcd.address] }),
    );
    const client = connection.client();
    const options = { hosts: [etcd.address], leaseTtlSeconds: 60 };
    const lease = new Lease(resolveEtcdRegistrarOptions(options));
    // As a grant whose answer got lost.
    await client.leaseClient.leaseGrant({ ID: lease.id, TTL: 30 });
    await lease.hold(client, false);
    assert.equal(lease.ttlMs, 30_000);
    assert.ok(lease.doubtInMs > 0);
    await lease.revoke(client);
    connection.drop();
  });
});

function record(nonce: string): string {
  return encodeInstance(instance({ id: "1", nonce }));
}
