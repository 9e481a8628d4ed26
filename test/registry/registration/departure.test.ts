// A departure is announced, the lease goes last, and no etcd holds it up.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { quickElection, startEtcd, type TestEtcd } from "../../support/etcd.ts";
import { startService } from "../../support/system.ts";
import { instance } from "../../unit/mesh/registry/support.ts";
import { leases, openRegistrar, records, watchHistory } from "./support.ts";

/** How etcd is away, and how it comes to be. */
const away: readonly [string, (etcd: TestEtcd) => Promise<void>][] = [
  ["down", (etcd) => etcd.stop()],
  ["frozen", (etcd) => etcd.freeze()],
];

// Less than the deadline of one request, and much more than a slow machine is
// late: what waits for an answer does not stay below it.
const DEPARTURE_MS = 200;
const BOUND_MS = 1_800;

describe("a departure", { timeout: 60_000 }, () => {
  test("draining is announced first, the lease is revoked last", async () => {
    await using etcd = await startEtcd({ flags: quickElection });
    await using history = await watchHistory(etcd);
    await using registrar = openRegistrar(etcd.address);
    const registration = registrar.register(instance());
    await registration.registered;
    await registration.drain();
    assert.equal(registration.state, "draining");
    assert.equal((await leases(etcd)).length, 1);
    await registration.close();
    assert.equal(registration.state, "gone");
    assert.deepEqual(await leases(etcd), []);
    await history.count("DELETE", 1);
    assert.deepEqual(
      history.happenings.map(({ type, value }) =>
        type === "DELETE" ? type : JSON.parse(value).state,
      ),
      ["STATE_SERVING", "STATE_DRAINING", "DELETE"],
    );
  });

  test("one leaves, the others and their lease stay", async () => {
    await using etcd = await startEtcd({ flags: quickElection });
    await using registrar = openRegistrar(etcd.address);
    const [a, b] = ["a", "b"].map((id) => registrar.register(instance({ id })));
    await Promise.all([a?.registered, b?.registered]);
    const before = await leases(etcd);
    await a?.drain();
    await a?.close();
    const [left, ...others] = await records(etcd);
    assert.deepEqual(others, []);
    assert.match(left?.key ?? "", /\/b$/);
    assert.deepEqual(await leases(etcd), before);
    assert.equal(b?.state, "live");
  });

  test("who leaves while being registered leaves no lease behind", async () => {
    await using etcd = await startEtcd({ flags: quickElection });
    for (let round = 0; round < 20; round++) {
      const registrar = openRegistrar(etcd.address, { leaseTtlSeconds: 60 });
      const registration = registrar.register(instance());
      // A little later in each round: the close comes at another step.
      for (let turn = 0; turn < round; turn++) await setImmediate();
      await registrar.close();
      assert.equal(registration.state, "gone");
      assert.deepEqual(await leases(etcd), []);
      assert.deepEqual(await records(etcd), []);
    }
  });

  for (const [how, begin] of away) {
    test(`all of its steps together wait once for an etcd that is ${how}`, async () => {
      await using etcd = await startEtcd({ flags: quickElection });
      const registrar = openRegistrar(etcd.address, {
        departureMs: DEPARTURE_MS,
      });
      const registrations = ["a", "b"].map((id) =>
        registrar.register(instance({ id })),
      );
      await Promise.all(registrations.map(({ registered }) => registered));
      await begin(etcd);
      const startedAt = performance.now();
      for (const one of registrations) await one.drain();
      for (const one of registrations) await one.close();
      await registrar.close();
      assert.ok(performance.now() - startedAt < BOUND_MS);
      for (const one of registrations) assert.equal(one.state, "gone");
    });

    test(`a service exits while etcd is ${how}`, async () => {
      await using etcd = await startEtcd({ flags: quickElection });
      await using service = await startService("services/greeter/main.ts", {
        etcd: etcd.address,
      });
      await begin(etcd);
      // etcd stays away to the end.
      assert.equal(await service.program.stop(), 0);
    });
  }

  test("a registration that ends before it was made says so", async () => {
    await using etcd = await startEtcd({ flags: quickElection });
    await etcd.stop();
    await using registrar = openRegistrar(etcd.address, {
      departureMs: DEPARTURE_MS,
    });
    const registration = registrar.register(instance());
    await registration.close();
    await assert.rejects(registration.registered, { code: "ERR_CLOSED" });
  });
});
