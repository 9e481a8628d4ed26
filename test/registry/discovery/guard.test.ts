// S14: many instances vanish at once. Either they crashed together, or the
// registry has lost them.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { State } from "../../../core/index.ts";
import type { Snapshot } from "../../../mesh/registry/index.ts";
import { startEtcd, type TestEtcd } from "../../support/etcd.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import {
  del,
  holds,
  isStale,
  isSynced,
  one,
  open,
  put,
  putLeased,
  record,
  SERVICE,
  until,
} from "./support.ts";

const serving = (snapshot: Snapshot) =>
  snapshot.serving.get(SERVICE)?.map(({ id }) => id);
const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `${from + i}`);

describe("S14: a mass departure", { timeout: 60_000 }, () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd[Symbol.asyncDispose]());
  beforeEach(() => etcd.etcdctl("del", "--prefix", "/portolan/"));

  test("of more than 30 % without a word leaves suspects, who serve no more, and are dropped in time", async () => {
    await put(etcd, ...range(10, 18).map((id) => one(id)));
    const leased = range(20, 24).map((id) => one(id));
    const lease = await putLeased(etcd, ...leased);
    await using directory = open(etcd.address, { guardGraceMs: 500 });
    await until(directory, isSynced);
    const { seen } = record(directory);
    const doubted = until(directory, (s) => s.suspects.size > 0);
    await etcd.etcdctl("lease", "revoke", lease);
    const snapshot = await doubted;
    assert.deepEqual([...snapshot.suspects], range(20, 24));
    assert.equal(snapshot.instances.length, 12);
    assert.deepEqual(serving(snapshot), range(10, 18));
    const after = await until(directory, (s) => s.instances.length === 8);
    assert.equal(after.suspects.size, 0);
    // All of them were kept, and all left together.
    assert.deepEqual(
      new Set(seen.map(({ length }) => length)),
      new Set([12, 8]),
    );
  });

  test("of all without a word leaves all as suspects, and they serve until they are back", async () => {
    const all = range(1, 6).map((id) => one(id));
    const lease = await putLeased(etcd, ...all);
    await using directory = open(etcd.address);
    await until(directory, isSynced);
    await etcd.etcdctl("lease", "revoke", lease);
    const snapshot = await until(directory, (s) => s.suspects.size > 0);
    assert.deepEqual([...snapshot.suspects], range(1, 6));
    assert.deepEqual(serving(snapshot), range(1, 6));
    // The first that is back has the calls for itself.
    await put(etcd, one("3"));
    const back = await until(directory, (s) => s.suspects.size === 4);
    assert.deepEqual(serving(back), ["3"]);
    await put(etcd, ...all);
    const whole = await until(directory, (s) => s.suspects.size === 0);
    assert.deepEqual(serving(whole), range(1, 6));
  });

  test("that was announced leaves nobody", async () => {
    const all = range(1, 6).map((id) => one(id));
    const lease = await putLeased(etcd, ...all);
    await using directory = open(etcd.address);
    await until(directory, isSynced);
    for (const each of all) {
      await put(etcd, { ...each, state: State.DRAINING });
    }
    await until(directory, (s) => !s.serving.has(SERVICE));
    await etcd.etcdctl("lease", "revoke", lease);
    await etcd.etcdctl("del", "--prefix", "/portolan/");
    const { suspects } = await until(directory, holds());
    assert.equal(suspects.size, 0);
  });

  test("that happened while etcd was away is doubted as well", async () => {
    const lease = await putLeased(etcd, ...range(1, 6).map((id) => one(id)));
    await using proxy = await startTcpProxy(etcd.address);
    await using directory = open(proxy.address);
    await until(directory, isSynced);
    const stale = until(directory, isStale);
    proxy.refuse();
    proxy.reset();
    await stale;
    await etcd.etcdctl("lease", "revoke", lease);
    await proxy.accept();
    const snapshot = await until(directory, isSynced);
    assert.deepEqual([...snapshot.suspects], range(1, 6));
    assert.deepEqual(serving(snapshot), range(1, 6));
  });

  test("is what one instance is not, nor three of four", async () => {
    await put(etcd, ...range(1, 5).map((id) => one(id)));
    await put(etcd, one("solo", { services: ["solo.v1.Solo"] }));
    await using directory = open(etcd.address);
    await until(directory, isSynced);
    await del(etcd, "1");
    await del(etcd, "2");
    await del(etcd, "solo");
    const { suspects } = await until(directory, holds("3", "4"));
    assert.equal(suspects.size, 0);
  });
});
