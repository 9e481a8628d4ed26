// Whose registration is it? What is ours is never taken for a collision, what
// is another live process's is left alone.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { encodeInstance } from "../../../core/index.ts";
import { instanceKey, registryFailures } from "../../../mesh/registry/index.ts";
import { startEtcd, type TestEtcd } from "../../support/etcd.ts";
import { startProgram } from "../../support/program.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import { collect, instance } from "../../unit/mesh/registry/support.ts";
import {
  collectStates,
  grantLease,
  leases,
  openRegistrar,
  records,
} from "./support.ts";

describe("whose registration it is", { timeout: 60_000 }, () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd?.[Symbol.asyncDispose]());
  beforeEach(() => etcd.etcdctl("del", "--prefix", "/portolan/"));

  test("the key says registered name and id, the value is the record with a nonce", async () => {
    const one = instance({ name: "go.micro.server.worker", id: "1" });
    await using registrar = openRegistrar(etcd.address);
    const registration = registrar.register(one);
    await registration.registered;
    const [written, ...others] = await records(etcd);
    assert.deepEqual(others, []);
    assert.equal(
      written?.key,
      "/portolan/v1/instances/go.micro.server.worker/1",
    );
    assert.equal(written.value, encodeInstance(registration.instance));
    const { nonce, startedAt, ...record } = JSON.parse(written.value);
    assert.deepEqual(record, JSON.parse(encodeInstance(one)));
    assert.match(nonce, /^[\w-]{22}$/);
    assert.ok(Math.abs(Date.parse(startedAt) - Date.now()) < 60_000);
  });

  test("each registration has a nonce of its own, whatever the record brings", async () => {
    await using registrar = openRegistrar(etcd.address);
    const first = registrar.register(instance({ id: "1" }));
    await first.close();
    const second = registrar.register(first.instance);
    assert.notEqual(second.instance.nonce, first.instance.nonce);
    assert.deepEqual(second.instance.startedAt, first.instance.startedAt);
  });

  test("wherever in the replies the connection breaks, a retry is no collision and leaves no second lease", async () => {
    const before = await leases(etcd);
    using failures = collect(registryFailures);
    // A registration gets some 500 bytes of replies before it is live: of the
    // connection, of the lease, of the record. Each is lost at least once.
    const breaks = Array.from({ length: 70 }, (_, i) => 8 * i);
    for (const [i, bytes] of breaks.entries()) {
      await using proxy = await startTcpProxy(etcd.address);
      proxy.cutAfter(bytes);
      await using registrar = openRegistrar(proxy.address, {
        leaseTtlSeconds: 60,
        retryMaxMs: 100,
      });
      const registration = registrar.register(instance({ id: "1" }));
      await registration.registered;
      assert.equal((await records(etcd)).length, 1);
      assert.equal((await leases(etcd)).length, before.length + 1);
      await registrar.close();
      assert.ok(failures.messages.length <= i + 1);
    }
    assert.ok(failures.messages.length > breaks.length / 2);
    assert.deepEqual(await leases(etcd), before);
  });

  test("what a former lease of ours left behind is taken over", async () => {
    await using registrar = openRegistrar(etcd.address);
    using states = collectStates();
    const registration = registrar.register(instance());
    await registration.registered;
    const [own] = await records(etcd);
    assert.ok(own);
    // The record stays, on a lease that lives on, while ours ends.
    const other = await grantLease(etcd);
    await etcd.etcdctl("put", own.key, own.value, `--lease=${other}`);
    await etcd.etcdctl("lease", "revoke", own.lease);
    await states.reached("live", "lost");
    const [now, ...others] = await records(etcd);
    assert.deepEqual(others, []);
    assert.equal(now?.value, own.value);
    assert.equal((await leases(etcd)).includes(now?.lease ?? ""), true);
    assert.notEqual(now?.lease, other);
    await etcd.etcdctl("lease", "revoke", other);
    assert.equal((await records(etcd)).length, 1);
  });

  test("an id that another live process holds is refused and left alone", async () => {
    await using first = openRegistrar(etcd.address);
    await using second = openRegistrar(etcd.address);
    const held = first.register(
      instance({ id: "1", address: "127.0.0.1:7001" }),
    );
    await held.registered;
    const late = second.register(
      instance({ id: "1", address: "127.0.0.1:7002" }),
    );
    await assert.rejects(late.registered, {
      code: "ERR_ID_TAKEN",
      message:
        /instances\/greeter\/1 is held by the instance at 127\.0\.0\.1:7001/,
    });
    assert.equal(late.state, "gone");
    await late.close();
    const [standing] = await records(etcd);
    assert.equal(standing?.value, encodeInstance(held.instance));
    // The second is none the worse for it.
    await second.register(instance({ id: "2" })).registered;
    assert.equal(held.state, "live");
  });

  test("an id whose holder crashed is taken over when its lease has run out", async () => {
    await using service = startProgram({
      args: [
        "test/registry/registration/service-process.ts",
        etcd.address,
        "1",
      ],
    });
    await service.line(({ fields }) => fields["to"] === "live");
    const [left] = await records(etcd);
    await service.stop("SIGKILL");
    await using registrar = openRegistrar(etcd.address);
    const late = registrar.register(instance({ id: "1" }));
    assert.deepEqual(await records(etcd), [left]);
    await late.registered;
    const [standing, ...others] = await records(etcd);
    assert.deepEqual(others, []);
    assert.equal(standing?.value, encodeInstance(late.instance));
  });

  for (const [what, value] of [
    ["garbage", "by hand"],
    ["a record without a nonce", encodeInstance(instance({ id: "1" }))],
  ] as const) {
    test(`${what} that stands in the way, without a lease, is no live process`, async () => {
      const one = instance({ id: "1", address: "127.0.0.1:7002" });
      await etcd.etcdctl("put", instanceKey(one), value);
      await using registrar = openRegistrar(etcd.address);
      const registration = registrar.register(one);
      await registration.registered;
      const [standing] = await records(etcd);
      assert.equal(standing?.value, encodeInstance(registration.instance));
      assert.notEqual(standing?.lease, "0");
    });
  }
});
