// Tests embedded-etcd/store.ts and what is under it: leases, transactions.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { bytes, createFixture, putOf } from "./store-fixture.ts";

let fixture: ReturnType<typeof createFixture>;

beforeEach(() => {
  fixture = createFixture();
});

describe("a lease", () => {
  test("takes its keys with it in one revision", () => {
    fixture.grant(7n, 10n);
    fixture.put("b", "", 7n);
    fixture.put("a", "", 7n);
    fixture.put("c");
    fixture.store.revokeLease(7n);
    assert.equal(fixture.store.keySpace.revision, 5n);
    assert.deepEqual(
      fixture.store.keySpace.changesAt(5n).map(({ key }) => key),
      ["a", "b"],
    );
    assert.equal(fixture.keys("a", "z"), "c");
  });

  test("ends when its time is over, and not before", () => {
    fixture.grant(7n, 10n);
    fixture.put("a", "", 7n);
    fixture.clock.ms = 9_999;
    fixture.store.expireLeases();
    assert.notEqual(fixture.get("a"), undefined);
    fixture.clock.ms = 10_000;
    fixture.store.expireLeases();
    assert.equal(fixture.get("a"), undefined);
    assert.equal(fixture.store.renewLease(7n), undefined);
  });

  test("begins its time anew when it is renewed", () => {
    fixture.grant(7n, 10n);
    fixture.clock.ms = 9_000;
    fixture.store.renewLease(7n);
    fixture.clock.ms = 18_999;
    fixture.store.expireLeases();
    assert.notEqual(fixture.store.leases.get(7n), undefined);
  });

  test("can't be renewed once its time is over", () => {
    fixture.grant(7n, 10n);
    fixture.put("a", "", 7n);
    fixture.clock.ms = 10_000;
    assert.equal(fixture.store.renewLease(7n), undefined);
    assert.equal(fixture.get("a"), undefined);
  });

  test("lets go of a key that is put without it or with another", () => {
    fixture.grant(7n, 10n);
    fixture.grant(8n, 10n);
    fixture.put("a", "", 7n);
    fixture.put("b", "", 7n);
    fixture.put("a");
    fixture.put("b", "", 8n);
    fixture.store.revokeLease(7n);
    assert.equal(fixture.keys("a", "z"), "a b");
    fixture.store.revokeLease(8n);
    assert.equal(fixture.keys("a", "z"), "a");
  });

  test("gets an id of its own, and at least the shortest TTL", () => {
    const lease = fixture.grant(0n, 1n);
    assert.ok(lease.id > 0n && lease.id < 2n ** 63n);
    assert.equal(lease.ttlSeconds, 2n);
  });

  test("must exist to be put with, and be new to be granted", () => {
    assert.throws(() => fixture.put("a", "", 9n), {
      rawMessage: "etcdserver: requested lease not found",
    });
    fixture.grant(7n, 10n);
    assert.throws(() => fixture.grant(7n, 10n), {
      rawMessage: "etcdserver: lease already exists",
    });
  });
});

describe("a transaction", () => {
  const rangeOf = (key: string) => ({
    request: { case: "requestRange", value: { key: bytes(key) } },
  });

  test("sees its own writes, in order", () => {
    const { responses } = fixture.txn({
      success: [rangeOf("a"), putOf("a"), rangeOf("a")],
    });
    const counts = responses.map(({ response }) =>
      response.case === "responseRange" ? response.value.count : undefined,
    );
    assert.deepEqual(counts, [0n, undefined, 1n]);
  });

  test("decides nested ones before it writes anything", () => {
    const isMissing = { key: bytes("a"), target: 1, result: 0 }; // created at 0
    const nested = {
      request: { case: "requestTxn", value: { compare: [isMissing] } },
    };
    const { responses } = fixture.txn({ success: [putOf("a"), nested] });
    const inner = responses[1]?.response;
    assert.equal(inner?.case, "responseTxn");
    assert.equal(inner.value.succeeded, true);
  });

  test("writes nothing at all if one operation can't be done", () => {
    assert.throws(
      () => fixture.txn({ success: [putOf("a"), putOf("b", { lease: 9n })] }),
      {
        message: /requested lease not found/,
      },
    );
    assert.equal(fixture.store.keySpace.revision, 1n);
    assert.equal(fixture.get("a"), undefined);
  });

  test("refuses to put a key twice", () => {
    assert.throws(() => fixture.txn({ success: [putOf("a"), putOf("a")] }), {
      rawMessage: "etcdserver: duplicate key given in txn request",
    });
  });
});
