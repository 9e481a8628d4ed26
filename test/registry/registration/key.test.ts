// A key of ours is deleted or overwritten, while our lease lives on: its owner
// writes it again, unless another live process holds it now.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { encodeInstance } from "../../../core/index.ts";
import {
  instanceKey,
  type Registration,
  registryFailures,
} from "../../../mesh/registry/index.ts";
import { startEtcd, type TestEtcd } from "../../support/etcd.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import { collect, instance } from "../../unit/mesh/registry/support.ts";
import {
  collectStates,
  grantLease,
  type Happening,
  leases,
  openRegistrar,
  records,
  watchHistory,
} from "./support.ts";

describe("a key that somebody else touched", { timeout: 60_000 }, () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd?.[Symbol.asyncDispose]());
  beforeEach(() => etcd.etcdctl("del", "--prefix", "/portolan/"));

  /** It stands there once, as it should, with a lease that is ours. */
  async function assertStands(
    { instance }: Registration,
    lease: string | undefined,
  ): Promise<void> {
    const [standing, ...others] = await records(etcd);
    assert.deepEqual(others, []);
    assert.equal(standing?.value, encodeInstance(instance));
    assert.equal(standing.lease, lease);
  }

  test("S2: a key that was deleted by hand is back, with the same lease", async () => {
    await using registrar = openRegistrar(etcd.address);
    using states = collectStates();
    const before = await leases(etcd);
    const registration = registrar.register(instance());
    await registration.registered;
    const [own] = await records(etcd);
    assert.equal(await etcd.etcdctl("del", own?.key ?? ""), "1\n");
    await states.reached("live", "lost");
    assert.deepEqual(states.all, ["live", "lost", "live"]);
    assert.match(states.reasons[1] ?? "", /was deleted/);
    await assertStands(registration, own?.lease);
    assert.equal((await leases(etcd)).length, before.length + 1);
  });

  for (const [what, value, withLease] of [
    ["with a lease", () => "by hand", true],
    ["without a lease", () => "by hand", false],
    ["by a record without a nonce", () => encodeInstance(instance()), true],
    ["by itself, without a lease", (own: string) => own, false],
  ] as const) {
    test(`S9: a key that was overwritten ${what} is set right`, async () => {
      await using registrar = openRegistrar(etcd.address);
      using states = collectStates();
      const registration = registrar.register(instance());
      await registration.registered;
      const [own] = await records(etcd);
      assert.ok(own);
      const lease = await grantLease(etcd);
      const put = ["put", own.key, value(own.value)];
      await etcd.etcdctl(...put, ...(withLease ? [`--lease=${lease}`] : []));
      await states.reached("live", "lost");
      assert.match(states.reasons[1] ?? "", /was overwritten/);
      await assertStands(registration, own.lease);
      // The other lease has nothing to do with it any more.
      await etcd.etcdctl("lease", "revoke", lease);
      await assertStands(registration, own.lease);
      await registration.close();
      assert.deepEqual(await records(etcd), []);
    });
  }

  test("a key that was deleted while the network was cut is back, though the lease lives", async () => {
    await using proxy = await startTcpProxy(etcd.address);
    await using registrar = openRegistrar(proxy.address, {
      leaseTtlSeconds: 60,
    });
    using states = collectStates();
    using failures = collect(registryFailures);
    const registration = registrar.register(instance());
    await registration.registered;
    const [own] = await records(etcd);
    proxy.refuse();
    proxy.reset();
    await failures.first(() => true);
    await etcd.etcdctl("del", own?.key ?? "");
    await proxy.accept();
    await states.reached("live", "lost");
    await assertStands(registration, own?.lease);
  });

  test("a key that is overwritten again and again is set right each time", async () => {
    await using history = await watchHistory(etcd);
    await using registrar = openRegistrar(etcd.address, { retryMaxMs: 100 });
    const registration = registrar.register(instance());
    await registration.registered;
    const [own] = await records(etcd);
    const isOurs = ({ value }: Happening) => value === own?.value;
    for (let round = 1; round <= 5; round++) {
      await history.until((all) => all.filter(isOurs).length === round);
      await etcd.etcdctl("put", own?.key ?? "", `round ${round}`);
    }
    await history.until((all) => all.filter(isOurs).length === 6);
  });

  test("a draining instance whose key was deleted comes back draining", async () => {
    await using registrar = openRegistrar(etcd.address);
    using states = collectStates();
    const registration = registrar.register(instance());
    await registration.drain();
    const [own] = await records(etcd);
    await etcd.etcdctl("del", own?.key ?? "");
    await states.reached("draining", "lost");
    const [standing] = await records(etcd);
    assert.equal(standing?.value, own?.value);
    assert.match(own?.value ?? "", /"STATE_DRAINING"/);
  });

  test("a key that another live process holds now is left to it, told once, and claimed when it is free", async () => {
    const one = instance();
    await using history = await watchHistory(etcd, instanceKey(one));
    await using registrar = openRegistrar(etcd.address);
    using states = collectStates();
    using failures = collect(registryFailures);
    const registration = registrar.register(one);
    await registration.registered;
    const [own] = await records(etcd);
    assert.ok(own);
    // Lives for several of our renewals, each of which looks at it again.
    const granted = await etcd.etcdctl("lease", "grant", "4");
    const lease = /lease (\S+) granted/.exec(granted)?.[1];
    const theirs = encodeInstance({
      ...registration.instance,
      address: "127.0.0.1:7002",
      nonce: "another",
    });
    await etcd.etcdctl("put", own.key, theirs, `--lease=${lease}`);
    await states.reached("lost");
    assert.match(states.reasons[1] ?? "", /overwritten|127\.0\.0\.1:7002/);
    await states.reached("live", "lost");
    await history.count("PUT", 3);
    assert.deepEqual(
      history.happenings.map(({ type, value }) => [type, value]),
      [
        ["PUT", own.value],
        ["PUT", theirs],
        ["DELETE", ""],
        ["PUT", own.value],
      ],
    );
    assert.deepEqual(
      failures.messages.map(({ reason }) => "code" in reason && reason.code),
      ["ERR_ID_TAKEN"],
    );
    await assertStands(registration, own.lease);
  });
});
