// Several members, of which the first is dead, silent or frozen; and several
// systems on one etcd.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import {
  createEtcdDirectory,
  createEtcdRegistrar,
} from "../../../mesh/registry/index.ts";
import { startEtcd, type TestEtcd } from "../../support/etcd.ts";
import { startEtcdCluster } from "../../support/etcd-cluster.ts";
import { freePorts } from "../../support/ports.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import {
  collectFailures,
  createEnds,
  holds,
  instance,
  passThrough,
  until,
} from "./support.ts";

/** A frozen member is noticed within this, in milliseconds. */
const NOTICED_MS = 10_000;

suite("members of etcd", { timeout: 90_000 }, () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd[Symbol.asyncDispose]());

  // Everybody begins with a random member: of six, some with the bad one.
  const CROWD = 6;

  async function allPass(hosts: readonly string[]): Promise<void> {
    const crowd = Array.from({ length: CROWD }, () => createEnds({ hosts }));
    try {
      await Promise.all(crowd.map((ends, i) => passThrough(ends, `${i}`)));
    } finally {
      await Promise.all(crowd.map((ends) => ends[Symbol.asyncDispose]()));
    }
  }

  test("one that refuses connections is passed over", async () => {
    const [port] = await freePorts(1);
    using failures = collectFailures();
    await allPass([`127.0.0.1:${port}`, etcd.address]);
    for (const { reason } of failures.all)
      assert.match(reason.message, new RegExp(`^etcd at 127.0.0.1:${port} `));
  });

  test("one that takes connections and never answers is passed over", async () => {
    await using hole = await startTcpProxy(etcd.address);
    hole.stall();
    await allPass([hole.address, etcd.address]);
  });

  test("a frozen one is noticed within ten seconds, and both ends turn to another", async () => {
    await using cluster = await startEtcdCluster(3);
    const { followers } = await cluster.roles();
    const [first, second] = followers;
    assert.ok(first && second);
    const hosts = [first.address, second.address];
    await using directory = createEtcdDirectory({ hosts: [first.address] });
    await using ends = createEnds({ hosts });
    await passThrough(ends, "a");
    await until({ directory }, holds("a"));
    const stale = until({ directory }, (s) => s.freshness === "stale");
    const frozenAt = performance.now();
    await first.freeze();
    await stale;
    assert.ok(performance.now() - frozenAt < NOTICED_MS);
    // Of the other ends some had the frozen one: it is as if it were not there.
    await passThrough(ends, "b");
    await until(ends, holds("a", "b"));
    await first.thaw();
    await until({ directory }, holds("a", "b"));
  });
});

suite("namespaces", { timeout: 60_000 }, () => {
  test("two systems on one etcd do not see each other", async () => {
    await using etcd = await startEtcd();
    const hosts = [etcd.address];
    await using one = createEnds({ hosts, namespace: "/acme" });
    await using two = createEnds({ hosts, namespace: "/acme/staging" });
    await using three = createEnds({ hosts });
    // The same name and id is no collision.
    const all = [one, two, three];
    await Promise.all(all.map((ends) => passThrough(ends, "same")));
    await passThrough(one, "one");
    await passThrough(two, "two");
    await Promise.all([
      until(one, holds("one", "same")),
      until(two, holds("same", "two")),
      until(three, holds("same")),
    ]);
    const keys = await etcd.etcdctl("get", "--keys-only", "--prefix", "/");
    assert.deepEqual(keys.split("\n").filter(Boolean), [
      "/acme/staging/v1/instances/greeter/same",
      "/acme/staging/v1/instances/greeter/two",
      "/acme/v1/instances/greeter/one",
      "/acme/v1/instances/greeter/same",
      "/portolan/v1/instances/greeter/same",
    ]);
  });

  test("the id of another process is told with its address, in any namespace", async () => {
    await using etcd = await startEtcd();
    const options = { hosts: [etcd.address], namespace: "/acme" };
    await using one = createEnds(options);
    await using two = createEnds(options);
    await passThrough(one, "same");
    await assert.rejects(two.registrar.register(instance("same")).registered, {
      code: "ERR_ID_TAKEN",
      message:
        /^\/acme\/v1\/instances\/greeter\/same is held by the instance at 127\.0\.0\.1:8881/,
    });
  });

  for (const namespace of [
    "",
    "/",
    "acme",
    "/acme/",
    "//acme",
    "/a//b",
    "/a b",
    "/ü",
  ]) {
    test(`"${namespace}" is no namespace`, () => {
      const options = { hosts: ["127.0.0.1:1"], namespace };
      const expected = { code: "ERR_USAGE", message: /is not a namespace/ };
      assert.throws(() => createEtcdDirectory(options), expected);
      assert.throws(() => createEtcdRegistrar(options), expected);
    });
  }
});
