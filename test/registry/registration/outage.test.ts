// etcd is frozen, killed, emptied or not there yet. Nobody waits for it, and
// when it is back, so is the registration: once.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeInstance, State } from "../../../core/index.ts";
import {
  createEtcdDirectory,
  type Registration,
  registryFailures,
} from "../../../mesh/registry/index.ts";
import { quickElection, startEtcd, type TestEtcd } from "../../support/etcd.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import {
  collect,
  instance,
  until,
  withoutEtcd,
} from "../../unit/mesh/registry/support.ts";
import {
  collectStates,
  leases,
  openRegistrar,
  records,
  TTL_SECONDS,
  watchHistory,
} from "./support.ts";

describe("a registration when etcd is away", { timeout: 60_000 }, () => {
  const start = () => startEtcd({ flags: quickElection });

  async function assertStandsOnce(etcd: TestEtcd, { instance }: Registration) {
    const [standing, ...others] = await records(etcd);
    assert.deepEqual(others, []);
    assert.equal(standing?.value, encodeInstance(instance));
    assert.deepEqual(await leases(etcd), [standing?.lease]);
  }

  test("S1, S7: etcd is frozen for longer than the time to live: unsure, then live again", async () => {
    await using etcd = await start();
    await using proxy = await startTcpProxy(etcd.address);
    await using registrar = openRegistrar(proxy.address);
    // Its doubt comes when the other's time is over in any case.
    await using slow = openRegistrar(etcd.address, {
      leaseTtlSeconds: 2 * TTL_SECONDS,
    });
    const clock = slow.register(instance({ name: "clock" }));
    await clock.registered;
    using failures = collect(registryFailures);
    using states = collectStates();
    const registration = registrar.register(instance());
    await registration.registered;
    await etcd.freeze();
    await states.reached("unsure");
    while (clock.state !== "unsure") await states.next();
    await slow.close();
    await etcd.thaw();
    while (states.of(registration).at(-1) !== "live") await states.next();
    const own = states.of(registration);
    assert.deepEqual(own.slice(0, 2), ["live", "unsure"]);
    assert.equal(own.at(-1), "live");
    // Once for each of the two registrars.
    assert.equal(failures.messages.length, 2);
    const [standing, ...others] = (await records(etcd)).filter(
      ({ value }) => value === encodeInstance(registration.instance),
    );
    assert.deepEqual(others, []);
    assert.ok((await leases(etcd)).includes(standing?.lease ?? ""));
  });

  test("S6: etcd comes back without its data", async () => {
    await using etcd = await start();
    await using registrar = openRegistrar(etcd.address);
    using states = collectStates();
    const registration = registrar.register(instance());
    await registration.registered;
    await etcd.stop();
    await etcd.start("no data");
    await states.reached("live", "lost");
    assert.deepEqual(
      states.all.filter((state) => state !== "unsure"),
      ["live", "lost", "live"],
    );
    await assertStandsOnce(etcd, registration);
  });

  test("etcd comes back with its data: nothing is lost", async () => {
    await using etcd = await start();
    await using registrar = openRegistrar(etcd.address, {
      leaseTtlSeconds: 15,
    });
    using states = collectStates();
    const registration = registrar.register(instance());
    await registration.registered;
    const [before] = await records(etcd);
    await etcd.stop();
    await etcd.start();
    // Through the same loop: when this one stands, the first was looked at.
    const other = registrar.register(instance({ name: "other" }));
    await other.registered;
    await other.close();
    assert.deepEqual(states.of(registration), ["live"]);
    assert.deepEqual(await records(etcd), [before]);
  });

  test("a lease that was revoked by hand is replaced by one", async () => {
    await using etcd = await start();
    await using registrar = openRegistrar(etcd.address);
    using states = collectStates();
    const registrations = ["a", "b"].map((id) =>
      registrar.register(instance({ id })),
    );
    await Promise.all(registrations.map(({ registered }) => registered));
    const [lease, ...others] = await leases(etcd);
    assert.deepEqual(others, []);
    await etcd.etcdctl("lease", "revoke", lease ?? "");
    for (const one of registrations) {
      while (states.of(one).length < 3) await states.next();
      assert.deepEqual(states.of(one), ["live", "lost", "live"]);
    }
    const standing = await records(etcd);
    assert.equal(standing.length, 2);
    const [now, ...more] = await leases(etcd);
    assert.deepEqual(more, []);
    assert.notEqual(now, lease);
    assert.ok(standing.every((record) => record.lease === now));
  });

  test("a draining instance whose lease was revoked comes back draining", async () => {
    await using etcd = await start();
    await using registrar = openRegistrar(etcd.address);
    await using directory = createEtcdDirectory({ hosts: [etcd.address] });
    using states = collectStates();
    const registration = registrar.register(instance());
    await registration.drain();
    const [lease = ""] = await leases(etcd);
    await etcd.etcdctl("lease", "revoke", lease);
    await states.reached("draining", "lost");
    await until(directory, (s) => s.instances[0]?.state === State.DRAINING);
  });

  test("all registrations of a process share one lease, which is renewed", async () => {
    await using etcd = await start();
    await using registrar = openRegistrar(etcd.address);
    using states = collectStates();
    const registrations = ["a", "b", "c"].map((id) =>
      registrar.register(instance({ id })),
    );
    await Promise.all(registrations.map(({ registered }) => registered));
    const [lease, ...others] = await leases(etcd);
    assert.deepEqual(others, []);
    // Of a process that died: when it is gone, more time has passed than ours
    // had without renewals.
    const granted = await etcd.etcdctl("lease", "grant", "4");
    const dead = /lease (\S+) granted/.exec(granted)?.[1] ?? "";
    await etcd.etcdctl("put", "dead", "x", `--lease=${dead}`);
    await using history = await watchHistory(etcd, "dead");
    await history.count("DELETE", 1);
    assert.deepEqual(await leases(etcd), [lease]);
    assert.equal((await records(etcd)).length, 3);
    assert.deepEqual(states.all, ["live", "live", "live"]);
    await registrar.close();
    assert.deepEqual(await leases(etcd), []);
    assert.deepEqual(await records(etcd), []);
  });

  test("etcd comes up after the registration was asked for", async () => {
    await using etcd = await start();
    await using proxy = await startTcpProxy(etcd.address);
    proxy.refuse();
    using failures = collect(registryFailures);
    await using registrar = openRegistrar(proxy.address);
    const registration = registrar.register(instance());
    assert.equal(registration.state, "pending");
    await failures.first(() => true);
    assert.equal(registration.state, "pending");
    await proxy.accept();
    await registration.registered;
    await assertStandsOnce(etcd, registration);
  });

  test("it tries on, and tells so once, while no etcd answers", async () => {
    using failures = collect(registryFailures);
    await withoutEtcd(async (address, tries) => {
      await using registrar = openRegistrar(address);
      registrar.register(instance());
      await tries(3);
      assert.deepEqual(
        failures.messages.map(({ role, hosts }) => [role, ...hosts]),
        [["registrar", address]],
      );
    });
  });
});
