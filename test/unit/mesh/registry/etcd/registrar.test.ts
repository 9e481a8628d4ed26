// The registrar on etcd, when things go wrong: leases that end, ids that are
// taken, etcd that is away.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { encodeInstance, State } from "../../../../../core/index.ts";
import {
  createEtcdDirectory,
  createEtcdRegistrar,
  instanceKey,
  registrationChanges,
  registryFailures,
} from "../../../../../mesh/registry/index.ts";
import { startEtcd, type TestEtcd } from "../../../../support/etcd.ts";
import {
  collect,
  createNetwork,
  ids,
  instance,
  until,
  withoutEtcd,
} from "../support.ts";

describe("the registrar on etcd", { timeout: 60_000 }, () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd[Symbol.asyncDispose]());
  beforeEach(() => etcd.etcdctl("del", "--prefix", "/portolan/"));

  function open(host = etcd.address) {
    return createEtcdRegistrar({ hosts: [host], leaseTtlSeconds: 2 });
  }

  async function leases(): Promise<string[]> {
    const [, ...list] = (await etcd.etcdctl("lease", "list")).split("\n");
    return list.filter((id) => id !== "");
  }

  test("the key says registered name and id, the value is the record", async () => {
    const one = instance({ name: "go.micro.server.worker", id: "1" });
    await using registrar = open();
    await registrar.register(one).registered;
    const written = await etcd.etcdctl("get", "--prefix", "/portolan/");
    assert.equal(
      written,
      `/portolan/v1/instances/go.micro.server.worker/1\n${encodeInstance(one)}\n`,
    );
  });

  test("all registrations of a process share one lease, and leave with it", async () => {
    await using registrar = open();
    const before = await leases();
    const registrations = ["a", "b", "c"].map((id) =>
      registrar.register(instance({ id })),
    );
    await Promise.all(registrations.map(({ registered }) => registered));
    assert.equal((await leases()).length, before.length + 1);
    await registrar.close();
    assert.deepEqual(await leases(), before);
    assert.equal(await etcd.etcdctl("get", "--prefix", "/portolan/"), "");
  });

  test("a registration outlives its lease's time to live", async () => {
    await using registrar = open();
    await using directory = createEtcdDirectory({ hosts: [etcd.address] });
    await registrar.register(instance({ id: "kept" })).registered;
    // Another one, of a process that died: when that is gone, more time has
    // passed than ours had without renewals.
    const granted = await etcd.etcdctl("lease", "grant", "3");
    const lease = /lease (\S+) granted/.exec(granted)?.[1] ?? "";
    const dead = instance({ id: "dead" });
    const value = encodeInstance(dead);
    await etcd.etcdctl("put", instanceKey(dead), value, `--lease=${lease}`);
    await until(directory, (s) => ids(s).includes("dead"));
    const left = await until(directory, (s) => !ids(s).includes("dead"));
    assert.deepEqual(ids(left), ["kept"]);
  });

  test("a lease that was revoked is replaced, once", async () => {
    await using registrar = open();
    using changes = collect(registrationChanges);
    const before = await leases();
    const one = instance();
    const registration = registrar.register(one);
    await registration.registered;
    const [lease = ""] = (await leases()).filter((id) => !before.includes(id));
    await etcd.etcdctl("lease", "revoke", lease);
    await changes.first(({ from }) => from === "lost");
    assert.deepEqual(
      changes.messages.map(({ from, to }) => `${from} ${to}`),
      ["pending live", "live lost", "lost live"],
    );
    assert.match(String(changes.messages[1]?.reason), /lease/i);
    assert.notEqual(await etcd.etcdctl("get", instanceKey(one)), "");
    assert.equal((await leases()).length, before.length + 1);
  });

  test("a draining instance whose lease was revoked comes back draining", async () => {
    await using registrar = open();
    using changes = collect(registrationChanges);
    const before = await leases();
    const registration = registrar.register(instance());
    await registration.drain();
    const [lease = ""] = (await leases()).filter((id) => !before.includes(id));
    await etcd.etcdctl("lease", "revoke", lease);
    await changes.first(({ from }) => from === "lost");
    assert.equal(registration.state, "draining");
  });

  test("a lease that is found missing on drain does not hold up the news", async () => {
    await using registrar = createEtcdRegistrar({ hosts: [etcd.address] });
    await using directory = createEtcdDirectory({ hosts: [etcd.address] });
    const before = await leases();
    const registration = registrar.register(instance());
    await registration.registered;
    const [lease = ""] = (await leases()).filter((id) => !before.includes(id));
    await etcd.etcdctl("lease", "revoke", lease);
    await registration.drain();
    const { instances } = await until(
      directory,
      (s) => s.instances[0]?.state === State.DRAINING,
    );
    assert.equal(instances.length, 1);
  });

  test("a registration survives a restart of etcd", async () => {
    await using registrar = open();
    await using directory = createEtcdDirectory({ hosts: [etcd.address] });
    await registrar.register(instance({ id: "a" })).registered;
    await until(directory, (s) => ids(s).includes("a"));
    const stale = until(directory, (s) => s.freshness === "stale");
    await etcd.stop();
    await stale;
    await etcd.start();
    await registrar.register(instance({ id: "b" })).registered;
    const synced = await until(directory, (s) => ids(s).includes("b"));
    assert.deepEqual(ids(synced), ["a", "b"]);
  });

  test("a registration comes back when etcd lost its data", async () => {
    await using registrar = open();
    await using directory = createEtcdDirectory({ hosts: [etcd.address] });
    using changes = collect(registrationChanges);
    await registrar.register(instance({ id: "a" })).registered;
    await until(directory, (s) => ids(s).includes("a"));
    await etcd.stop();
    await etcd.start("no data");
    await changes.first(({ from }) => from === "lost");
    await until(directory, (s) => s.freshness === "synced");
    assert.notEqual(await etcd.etcdctl("get", "--prefix", "/portolan/"), "");
    assert.deepEqual(ids(await until(directory, (s) => ids(s).includes("a"))), [
      "a",
    ]);
  });

  test("an id that another process holds is refused and left alone", async () => {
    await using first = open();
    await using second = open();
    const held = instance({ id: "1", address: "127.0.0.1:7001" });
    await first.register(held).registered;
    const late = second.register(
      instance({ id: "1", address: "127.0.0.1:7002" }),
    );
    await assert.rejects(late.registered, {
      code: "ERR_ID_TAKEN",
      message:
        /instances\/greeter\/1 is held by the instance at 127\.0\.0\.1:7001/,
    });
    await late.close();
    const value = await etcd.etcdctl(
      "get",
      instanceKey(held),
      "--print-value-only",
    );
    assert.equal(value.trim(), encodeInstance(held));
    // The second is none the worse for it.
    await second.register(instance({ id: "2" })).registered;
  });

  test("a registration waits for etcd, and is made when it comes", async () => {
    await using network = await createNetwork(etcd.address);
    await network.cut();
    using failures = collect(registryFailures);
    await using registrar = open(network.address);
    const registration = registrar.register(instance());
    await failures.first(() => true);
    assert.equal(registration.state, "pending");
    await network.restore();
    await registration.registered;
  });

  test("it tries on, and tells so once, while no etcd answers", async () => {
    using failures = collect(registryFailures);
    await withoutEtcd(async (address, tries) => {
      await using registrar = open(address);
      registrar.register(instance());
      await tries(3);
      assert.deepEqual(
        failures.messages.map(({ role, hosts }) => [role, ...hosts]),
        [["registrar", address]],
      );
    });
  });

  test("nothing waits for an etcd that is away: drain and close resolve", async () => {
    const network = await createNetwork(etcd.address);
    await using registrar = open(network.address);
    const registration = registrar.register(instance());
    await registration.registered;
    await network.cut();
    await registration.drain();
    assert.equal(registration.state, "live");
    await registration.close();
    assert.equal(registration.state, "gone");
    await registrar.close();
  });

  test("a registration that ends before it was made says so", async () => {
    const network = await createNetwork(etcd.address);
    await network.cut();
    await using registrar = open(network.address);
    const registration = registrar.register(instance());
    await registration.close();
    await assert.rejects(registration.registered, { code: "ERR_CLOSED" });
  });
});
