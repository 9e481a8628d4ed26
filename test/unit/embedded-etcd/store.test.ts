// Tests embedded-etcd/store.ts and what is under it: revisions, versions, ranges,
// compaction.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import {
  PutRequestSchema,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
} from "../../../gen/etcd/rpc_pb.ts";
import { bytes, createFixture, putOf, text } from "./store-fixture.ts";

let fixture: ReturnType<typeof createFixture>;

beforeEach(() => {
  fixture = createFixture();
});

describe("revisions", () => {
  test("begin at 1 and grow by one with each write", () => {
    assert.equal(fixture.store.keySpace.revision, 1n);
    assert.equal(fixture.put("a").header?.revision, 2n);
    assert.equal(fixture.put("b").header?.revision, 3n);
  });

  test("do not grow when nothing is deleted", () => {
    fixture.put("a");
    assert.equal(fixture.remove("b").header?.revision, 2n);
    assert.equal(fixture.store.keySpace.revision, 2n);
  });

  test("grow by one for a transaction, whatever it writes", () => {
    const success = ["a", "b", "c"].map((key) => putOf(key));
    const { header } = fixture.txn({ success });
    assert.equal(header?.revision, 2n);
    assert.equal(fixture.get("c")?.modRevision, 2n);
  });
});

describe("a key", () => {
  test("counts its versions and remembers its creation", () => {
    fixture.put("a", "1");
    fixture.put("other");
    fixture.put("a", "2");
    const kv = fixture.get("a");
    assert.equal(kv?.version, 2n);
    assert.equal(kv?.createRevision, 2n);
    assert.equal(kv?.modRevision, 4n);
  });

  test("begins anew after it was deleted", () => {
    fixture.put("a", "1");
    fixture.remove("a");
    fixture.put("a", "2");
    assert.equal(fixture.get("a")?.version, 1n);
    assert.equal(fixture.get("a")?.createRevision, 4n);
  });

  test("can be read as it was at an earlier revision", () => {
    fixture.put("a", "1");
    fixture.put("a", "2");
    fixture.remove("a");
    assert.equal(fixture.get("a", 1n), undefined);
    assert.equal(text(fixture.get("a", 2n)?.value), "1");
    assert.equal(text(fixture.get("a", 3n)?.value), "2");
    assert.equal(fixture.get("a", 4n), undefined);
  });

  test("keeps its own copy of what was put", () => {
    const value = bytes("mine");
    fixture.store.put(create(PutRequestSchema, { key: bytes("a"), value }));
    value.fill(0);
    assert.equal(text(fixture.get("a")?.value), "mine");
  });

  test("may be any bytes", () => {
    fixture.put("\u0000\u00ff\u0080");
    assert.equal(fixture.keys("\u0000", "\u0000"), "\u0000\u00ff\u0080");
  });
});

describe("a range", () => {
  beforeEach(() => {
    for (const key of ["b", "a", "c", "aa", "\u00ff"])
      fixture.put(key, `v${key}`);
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
      assert.equal(fixture.keys(from, to), found);
    });
  }

  test("comes in the order that is asked for", () => {
    fixture.put("a");
    const { Ascend, Descend } = RangeRequest_SortOrder;
    const { Key, Mod, Version } = RangeRequest_SortTarget;
    const sorted = (sortOrder: number, sortTarget: number) =>
      fixture.keys("a", "d", { sortOrder, sortTarget });
    assert.equal(sorted(Descend, Key), "c b aa a");
    assert.equal(sorted(Ascend, Mod), "b c aa a");
    assert.equal(sorted(Descend, Version), "a aa b c");
  });

  test("is sorted before it is limited, if an order is given", () => {
    const { Descend } = RangeRequest_SortOrder;
    const options = { sortOrder: Descend, limit: 2n };
    assert.equal(fixture.keys("a", "d", options), "c b");
  });

  test("is limited before it is sorted, if only a target is given", () => {
    const options = { sortTarget: RangeRequest_SortTarget.Mod, limit: 1n };
    // Of the first two, a and aa, the one that was put first: not b.
    assert.equal(fixture.keys("a", "d", options), "a");
  });

  test("tells the whole count and whether there is more", () => {
    const fields = { rangeEnd: bytes("d"), limit: 3n };
    const { count, more } = fixture.range("a", fields);
    assert.equal(count, 4n);
    assert.equal(more, true);
  });

  test("can be narrowed by revisions, bounds included", () => {
    const options = { minModRevision: 3n, maxModRevision: 4n };
    assert.equal(fixture.keys("a", "d", options), "a c");
  });
});

describe("compaction", () => {
  beforeEach(() => {
    fixture.put("a", "1");
    fixture.put("a", "2");
    fixture.put("a", "3");
  });

  test("keeps the revision itself readable and nothing before", () => {
    fixture.compact(3n);
    assert.equal(text(fixture.get("a", 3n)?.value), "2");
    assert.throws(() => fixture.get("a", 2n), {
      message: /has been compacted/,
    });
    assert.throws(() => fixture.compact(3n), { message: /has been compacted/ });
    assert.throws(() => fixture.compact(5n), { message: /future revision/ });
  });

  test("loses no key that was not changed since", () => {
    fixture.put("b", "old");
    fixture.put("a", "4");
    fixture.compact(6n);
    assert.equal(fixture.keys("a", "z"), "a b");
  });

  test("works on revision 0 once, as in etcd", () => {
    fixture.compact(0n);
    assert.throws(() => fixture.compact(0n), { message: /has been compacted/ });
  });

  test("happens by itself when the history is longer than its limit", () => {
    for (let i = 0; i < 2_000; i++) fixture.put("a");
    const { revision, compactRevision } = fixture.store.keySpace;
    assert.ok(revision - compactRevision >= 1_000n);
    assert.ok(revision - compactRevision <= 1_101n);
  });
});
