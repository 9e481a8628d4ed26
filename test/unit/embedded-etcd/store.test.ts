// Tests embedded-etcd/store.ts and what is under it: revisions, versions, ranges,
// compaction, leases, transactions.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Store } from "../../../embedded-etcd/store.ts";
import {
  CompactionRequestSchema,
  DeleteRangeRequestSchema,
  LeaseGrantRequestSchema,
  PutRequestSchema,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
  RangeRequestSchema,
  TxnRequestSchema,
} from "../../../gen/etcd/rpc_pb.ts";

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "latin1"));
const text = (value: Uint8Array) => Buffer.from(value).toString("latin1");

let clockMs = 0;
let store: Store;

beforeEach(() => {
  clockMs = 0;
  store = new Store({
    now: () => clockMs,
    minTtlSeconds: 2,
    historyLimit: 1_000,
  });
});

function put(key: string, value = "", lease = 0n) {
  const request = { key: bytes(key), value: bytes(value), lease };
  return store.put(create(PutRequestSchema, { ...request, prevKv: true }));
}

function remove(key: string, rangeEnd = "") {
  const request = { key: bytes(key), rangeEnd: bytes(rangeEnd) };
  return store.deleteRange(create(DeleteRangeRequestSchema, request));
}

function get(key: string, revision = 0n) {
  const request = { key: bytes(key), revision };
  return store.range(create(RangeRequestSchema, request)).kvs[0];
}

function keys(key: string, rangeEnd: string, options: object = {}): string {
  const range = { key: bytes(key), rangeEnd: bytes(rangeEnd), ...options };
  const { kvs } = store.range(create(RangeRequestSchema, range));
  return kvs.map((kv) => text(kv.key)).join(" ");
}

function compact(revision: bigint): void {
  store.compact(create(CompactionRequestSchema, { revision }));
}

function grant(ID: bigint, TTL: bigint) {
  return store.grantLease(create(LeaseGrantRequestSchema, { ID, TTL }));
}

describe("revisions", () => {
  test("begin at 1 and grow by one with each write", () => {
    assert.equal(store.keySpace.revision, 1n);
    assert.equal(put("a").header?.revision, 2n);
    assert.equal(put("b").header?.revision, 3n);
  });

  test("do not grow when nothing is deleted", () => {
    put("a");
    assert.equal(remove("b").header?.revision, 2n);
    assert.equal(store.keySpace.revision, 2n);
  });

  test("grow by one for a transaction, whatever it writes", () => {
    const operations = ["a", "b", "c"].map((key) => ({
      request: { case: "requestPut", value: { key: bytes(key) } } as const,
    }));
    const { header } = store.txn(
      create(TxnRequestSchema, { success: operations } as object),
    );
    assert.equal(header?.revision, 2n);
    assert.equal(get("c")?.modRevision, 2n);
  });
});

describe("a key", () => {
  test("counts its versions and remembers its creation", () => {
    put("a", "1");
    put("other");
    put("a", "2");
    const kv = get("a");
    assert.equal(kv?.version, 2n);
    assert.equal(kv?.createRevision, 2n);
    assert.equal(kv?.modRevision, 4n);
  });

  test("begins anew after it was deleted", () => {
    put("a", "1");
    remove("a");
    put("a", "2");
    assert.equal(get("a")?.version, 1n);
    assert.equal(get("a")?.createRevision, 4n);
  });

  test("can be read as it was at an earlier revision", () => {
    put("a", "1");
    put("a", "2");
    remove("a");
    assert.equal(get("a", 1n), undefined);
    assert.equal(text(get("a", 2n)?.value ?? bytes("?")), "1");
    assert.equal(text(get("a", 3n)?.value ?? bytes("?")), "2");
    assert.equal(get("a", 4n), undefined);
  });

  test("keeps its own copy of what was put", () => {
    const value = bytes("mine");
    store.put(create(PutRequestSchema, { key: bytes("a"), value }));
    value.fill(0);
    assert.equal(text(get("a")?.value ?? bytes("?")), "mine");
  });

  test("may be any bytes", () => {
    put("\u0000\u00ff\u0080");
    assert.equal(keys("\u0000", "\u0000"), "\u0000\u00ff\u0080");
  });
});

describe("a range", () => {
  beforeEach(() => {
    for (const key of ["b", "a", "c", "aa", "\u00ff"]) put(key, `v${key}`);
  });

  const ranges: [from: string, to: string, found: string][] = [
    ["a", "", "a"],
    ["x", "", ""],
    ["a", "b", "a aa"],
    ["aa", "c", "aa b"],
    ["b", "\0", "b c \u00ff"],
    ["\0", "\0", "a aa b c \u00ff"],
    ["c", "a", ""],
    ["b", "b", ""],
  ];
  for (const [from, to, found] of ranges) {
    test(`from ${JSON.stringify(from)} to ${JSON.stringify(to)}`, () => {
      assert.equal(keys(from, to), found);
    });
  }

  test("comes in the order that is asked for", () => {
    put("a");
    const { Ascend, Descend } = RangeRequest_SortOrder;
    const { Key, Mod, Version } = RangeRequest_SortTarget;
    const sorted = (sortOrder: number, sortTarget: number) =>
      keys("a", "d", { sortOrder, sortTarget });
    assert.equal(sorted(Descend, Key), "c b aa a");
    assert.equal(sorted(Ascend, Mod), "b c aa a");
    assert.equal(sorted(Descend, Version), "a aa b c");
  });

  test("is sorted before it is limited, if an order is given", () => {
    const { Descend } = RangeRequest_SortOrder;
    const options = { sortOrder: Descend, limit: 2n };
    assert.equal(keys("a", "d", options), "c b");
  });

  test("is limited before it is sorted, if only a target is given", () => {
    const options = { sortTarget: RangeRequest_SortTarget.Mod, limit: 1n };
    // Of the first two, a and aa, the one that was put first: not b.
    assert.equal(keys("a", "d", options), "a");
  });

  test("tells the whole count and whether there is more", () => {
    const request = { key: bytes("a"), rangeEnd: bytes("d"), limit: 3n };
    const { count, more } = store.range(create(RangeRequestSchema, request));
    assert.equal(count, 4n);
    assert.equal(more, true);
  });

  test("can be narrowed by revisions, bounds included", () => {
    const options = { minModRevision: 3n, maxModRevision: 4n };
    assert.equal(keys("a", "d", options), "a c");
  });
});

describe("compaction", () => {
  beforeEach(() => {
    put("a", "1");
    put("a", "2");
    put("a", "3");
  });

  test("keeps the revision itself readable and nothing before", () => {
    compact(3n);
    assert.equal(text(get("a", 3n)?.value ?? bytes("?")), "2");
    assert.throws(() => get("a", 2n), { message: /has been compacted/ });
    assert.throws(() => compact(3n), { message: /has been compacted/ });
    assert.throws(() => compact(5n), { message: /future revision/ });
  });

  test("loses no key that was not changed since", () => {
    put("b", "old");
    put("a", "4");
    compact(6n);
    assert.equal(keys("a", "z"), "a b");
  });

  test("works on revision 0 once, as in etcd", () => {
    compact(0n);
    assert.throws(() => compact(0n), { message: /has been compacted/ });
  });

  test("happens by itself when the history is longer than its limit", () => {
    for (let i = 0; i < 2_000; i++) put("a");
    const { revision, compactRevision } = store.keySpace;
    assert.ok(revision - compactRevision >= 1_000n);
    assert.ok(revision - compactRevision <= 1_101n);
  });
});

describe("a lease", () => {
  test("takes its keys with it in one revision", () => {
    grant(7n, 10n);
    put("b", "", 7n);
    put("a", "", 7n);
    put("c");
    store.revokeLease(7n);
    assert.equal(store.keySpace.revision, 5n);
    assert.deepEqual(
      store.keySpace.changesAt(5n).map(({ key }) => key),
      ["a", "b"],
    );
    assert.equal(keys("a", "z"), "c");
  });

  test("ends when its time is over, and not before", () => {
    grant(7n, 10n);
    put("a", "", 7n);
    clockMs = 9_999;
    store.expireLeases();
    assert.notEqual(get("a"), undefined);
    clockMs = 10_000;
    store.expireLeases();
    assert.equal(get("a"), undefined);
    assert.equal(store.renewLease(7n), undefined);
  });

  test("begins its time anew when it is renewed", () => {
    grant(7n, 10n);
    clockMs = 9_000;
    store.renewLease(7n);
    clockMs = 18_999;
    store.expireLeases();
    assert.notEqual(store.leases.get(7n), undefined);
  });

  test("can't be renewed once its time is over", () => {
    grant(7n, 10n);
    put("a", "", 7n);
    clockMs = 10_000;
    assert.equal(store.renewLease(7n), undefined);
    assert.equal(get("a"), undefined);
  });

  test("lets go of a key that is put without it or with another", () => {
    grant(7n, 10n);
    grant(8n, 10n);
    put("a", "", 7n);
    put("b", "", 7n);
    put("a");
    put("b", "", 8n);
    store.revokeLease(7n);
    assert.equal(keys("a", "z"), "a b");
    store.revokeLease(8n);
    assert.equal(keys("a", "z"), "a");
  });

  test("gets an id of its own, and at least the shortest TTL", () => {
    const lease = grant(0n, 1n);
    assert.ok(lease.id > 0n && lease.id < 2n ** 63n);
    assert.equal(lease.ttlSeconds, 2n);
  });

  test("must exist to be put with, and be new to be granted", () => {
    assert.throws(() => put("a", "", 9n), {
      rawMessage: "etcdserver: requested lease not found",
    });
    grant(7n, 10n);
    assert.throws(() => grant(7n, 10n), {
      rawMessage: "etcdserver: lease already exists",
    });
  });
});

describe("a transaction", () => {
  const putOf = (key: string, fields: object = {}) => ({
    request: { case: "requestPut", value: { key: bytes(key), ...fields } },
  });
  const rangeOf = (key: string) => ({
    request: { case: "requestRange", value: { key: bytes(key) } },
  });
  const txn = (fields: object) => store.txn(create(TxnRequestSchema, fields));

  test("sees its own writes, in order", () => {
    const { responses } = txn({
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
    const { responses } = txn({ success: [putOf("a"), nested] });
    const inner = responses[1]?.response;
    assert.equal(inner?.case, "responseTxn");
    assert.equal(inner.value.succeeded, true);
  });

  test("writes nothing at all if one operation can't be done", () => {
    assert.throws(
      () => txn({ success: [putOf("a"), putOf("b", { lease: 9n })] }),
      {
        message: /requested lease not found/,
      },
    );
    assert.equal(store.keySpace.revision, 1n);
    assert.equal(get("a"), undefined);
  });

  test("refuses to put a key twice", () => {
    assert.throws(() => txn({ success: [putOf("a"), putOf("a")] }), {
      rawMessage: "etcdserver: duplicate key given in txn request",
    });
  });
});
