// S16: three members, of which some are lost.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startEtcdCluster } from "../../support/etcd-cluster.ts";
import {
  holds,
  isStale,
  isSynced,
  one,
  open,
  put,
  record,
  until,
  watching,
} from "./support.ts";

describe("S16: a cluster of three", { timeout: 120_000 }, () => {
  test("goes on without its leader, and so does the directory", async (context) => {
    await using cluster = await startEtcdCluster();
    const { leader, followers } = await cluster.roles();
    const [left] = followers;
    assert.ok(left);
    await put(left, one("a"), one("b"));
    // Begins with the first of these: it has to turn to another.
    const hosts = [leader, ...followers].map(({ address }) => address).join();
    const random = context.mock.method(Math, "random", () => 0);
    await using directory = open(hosts);
    random.mock.restore();
    await using onLeader = open(leader.address);
    await Promise.all([watching(directory), watching(onLeader)]);
    const { seen } = record(directory);
    const stale = [directory, onLeader].map((each) => until(each, isStale));
    await leader.stop();
    await Promise.all(stale);
    assert.notEqual(await cluster.leader(), leader);
    await put(left, one("c"));
    await until(directory, (s) => isSynced(s) && holds("a", "b", "c")(s));
    assert.ok(seen.every((each) => each.length >= 2));
    // The one that knows no other member keeps what it knew.
    assert.ok(holds("a", "b")(onLeader.snapshot));
    await leader.start();
    await until(onLeader, (s) => isSynced(s) && holds("a", "b", "c")(s));
  });

  test("that leaves a member without a leader: its directory says that it is stale, and catches up", async () => {
    await using cluster = await startEtcdCluster();
    const { leader, followers } = await cluster.roles();
    const [left, other] = followers;
    assert.ok(left && other);
    await put(left, one("a"), one("b"));
    await using directory = open(left.address);
    await watching(directory);
    const { seen } = record(directory);
    const stale = until(directory, isStale);
    await Promise.all([leader.stop(), other.stop()]);
    await cluster.leaderless(left);
    await stale;
    assert.ok(holds("a", "b")(directory.snapshot));
    await Promise.all([leader.start(), other.start()]);
    await put(leader, one("c"));
    await until(directory, (s) => isSynced(s) && holds("a", "b", "c")(s));
    assert.ok(seen.every((each) => each.length >= 2));
  });
});
