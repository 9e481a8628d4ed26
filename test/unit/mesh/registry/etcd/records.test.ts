// In which order what etcd says counts, wherever it comes from.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { IEvent, IKeyValue } from "etcd3";
import { encodeInstance } from "../../../../../core/index.ts";
import { Records } from "../../../../../mesh/registry/etcd/records.ts";
import {
  decodeRecord,
  instanceKey,
} from "../../../../../mesh/registry/record.ts";
import { instance } from "../support.ts";

function record(id: string, revision: number, version = ""): IKeyValue {
  const one = instance({ id, version });
  return {
    key: Buffer.from(instanceKey(one)),
    value: Buffer.from(encodeInstance(one)),
    create_revision: "1",
    mod_revision: String(revision),
    version: "1",
    lease: "0",
  };
}

const put = (id: string, revision: number, version?: string): IEvent =>
  ({ type: "Put", kv: record(id, revision, version) }) as IEvent;
const del = (id: string, revision: number): IEvent =>
  ({ type: "Delete", kv: record(id, revision) }) as IEvent;
const list = (revision: number, ...records: IKeyValue[]) => ({
  revision: BigInt(revision),
  clusterId: "1",
  records,
});

// Records after a list of "a" and "b" at revision 5.
function open() {
  const records = new Records(decodeRecord, true);
  records.replace(list(5, record("a", 2), record("b", 3)));
  const say = () =>
    [...records.values()]
      .map((value) => JSON.parse(value))
      .map(({ id, version = "" }) => id + version)
      .sort()
      .join();
  return { records, say };
}

test("what is older than what is known is ignored", () => {
  const { records, say } = open();
  assert.deepEqual(records.apply([put("a", 2, "old"), del("b", 4)]), []);
  assert.equal(say(), "a,b");
  records.apply([put("a", 7, "2")]);
  assert.deepEqual(records.apply([put("a", 6, "old"), del("b", 6)]), []);
  assert.equal(say(), "a2,b");
  assert.equal(records.revision, 7);
});

test("changes of the same revision all count", () => {
  const { records, say } = open();
  records.apply([put("c", 6), del("a", 6)]);
  records.apply([put("d", 6)]);
  assert.equal(say(), "b,c,d");
});

test("what is watched twice is seen once", () => {
  const { records } = open();
  assert.equal(records.apply([put("c", 6)]).length, 1);
  assert.equal(records.apply([put("c", 6)]).length, 0);
});

test("a list that is older than what was watched meanwhile takes nothing back", () => {
  const { records, say } = open();
  records.beginList();
  records.apply([put("a", 7, "2"), del("b", 8), put("c", 9)]);
  assert.equal(say(), "a2,c");
  records.replace(list(6, record("a", 2), record("b", 3), record("d", 6)));
  assert.equal(say(), "a2,c,d");
  assert.equal(records.revision, 9);
});

test("a list of a lower revision is the truth: etcd has lost its data", () => {
  const { records, say } = open();
  const changes = records.replace(list(2, record("a", 2, "2")));
  assert.equal(say(), "a2");
  assert.deepEqual(
    changes.map(({ key }) => key.at(-1)),
    ["a", "b"],
  );
  assert.equal(records.apply([put("c", 3)]).length, 1);
});

test("a list that says the same says nothing, and keeps the objects", () => {
  const { records } = open();
  const same = list(9, record("a", 8), record("b", 3));
  assert.deepEqual(records.replace(same), []);
});

test("what another process knew is older than all that etcd says", () => {
  const records = new Records(decodeRecord, true);
  const one = instance({ id: "a" });
  const entry = { instance: one, value: encodeInstance(one) };
  records.recall([[instanceKey(one), entry]]);
  const changes = records.replace(list(2, record("a", 1, "2")));
  assert.equal(changes[0]?.before, entry);
  assert.equal(changes[0]?.after?.instance.version, "2");
});
