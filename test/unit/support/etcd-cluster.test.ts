// Tests what tests can do to a cluster.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startEtcdCluster } from "../../support/etcd-cluster.ts";

test("a cluster survives its leader, and a member left alone has none", async () => {
  const flags = ["--heartbeat-interval", "50", "--election-timeout", "500"];
  await using cluster = await startEtcdCluster(3, { flags });
  assert.equal(cluster.members.length, 3);
  assert.equal(cluster.addresses.split(",").length, 3);
  const { leader, followers } = await cluster.roles();
  assert.equal(followers.length, 2);
  await leader.etcdctl("put", "a", "1");
  const [first, second] = followers;
  assert.ok(first && second);
  assert.equal(await first.etcdctl("get", "a"), "a\n1\n");

  await leader.stop();
  const next = await cluster.leader();
  assert.notEqual(next, leader);
  await next.etcdctl("put", "a", "2");

  const last = next === first ? second : first;
  await next.freeze();
  await cluster.leaderless(last);
  await next.thaw();
  await cluster.leader();

  await leader.start();
  assert.equal(await leader.etcdctl("get", "a"), "a\n2\n");
  await Promise.all(cluster.members.map((member) => member.stop()));
  await Promise.all(cluster.members.map((member) => member.start()));
  assert.equal(await last.etcdctl("get", "a"), "a\n2\n");
});
