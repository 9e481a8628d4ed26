// Starting, limits and stopping of the embedded etcd.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Code } from "@connectrpc/connect";
import { Etcd3 } from "etcd3";
import { parseAddress } from "../../core/index.ts";
import { startEmbeddedEtcd } from "../../embedded-etcd/index.ts";
import { connectEtcd } from "./etcd-client.ts";

const key = Buffer.from("k");

describe("the embedded etcd", () => {
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.org"]) {
    test(`refuses to listen on ${host}`, async () => {
      await assert.rejects(startEmbeddedEtcd({ listen: { host, port: 0 } }), {
        code: "ERR_USAGE",
        message: /loopback only/,
      });
    });
  }

  test("listens on the IPv6 loopback address", async () => {
    await using etcd = await startEmbeddedEtcd({
      listen: { host: "::1", port: 0 },
    });
    assert.match(etcd.address, /^\[::1\]:\d+$/);
    const client = new Etcd3({ hosts: `http://${etcd.address}` });
    await client.put("k").value("v");
    assert.equal(await client.get("k"), "v");
    client.close();
  });

  test("says that a port is in use, and leaves the holder alone", async () => {
    await using etcd = await startEmbeddedEtcd();
    const listen = parseAddress(etcd.address);
    if (listen instanceof Error) throw listen;
    await assert.rejects(startEmbeddedEtcd({ listen }), {
      code: "ERR_ADDRESS_IN_USE",
      message: new RegExp(etcd.address),
    });
    using client = connectEtcd(etcd.address);
    await client.kv.put({ key });
  });

  for (const historyLimit of [0, -1, 1.5, Number.NaN]) {
    test(`refuses a history of ${historyLimit} revisions`, async () => {
      await assert.rejects(startEmbeddedEtcd({ historyLimit }), {
        code: "ERR_USAGE",
      });
    });
  }

  test("ends watches and keep-alives with unavailable when it closes", async () => {
    const etcd = await startEmbeddedEtcd();
    using client = connectEtcd(etcd.address);
    const watch = client.watch();
    watch.send({ case: "createRequest", value: { key } as never });
    await watch.created(1);
    const { ID } = await client.lease.leaseGrant({ TTL: 60n });
    const never = Promise.withResolvers<void>();
    const keepAlive = client.lease
      .leaseKeepAlive(
        (async function* () {
          yield { ID };
          await never.promise;
        })(),
      )
      [Symbol.asyncIterator]();
    await keepAlive.next();

    const ended = Promise.allSettled([watch.done, keepAlive.next()]);
    await etcd.close();
    for (const end of await ended) {
      assert.equal(end.status, "rejected");
      assert.equal(end.reason.code, Code.Unavailable);
    }
    await etcd.close(); // again: nothing happens
    never.resolve();
  });

  test("serves on when a client with open streams breaks off", async () => {
    await using etcd = await startEmbeddedEtcd();
    const broken = connectEtcd(etcd.address);
    const watch = broken.watch();
    watch.send({ case: "createRequest", value: { key } as never });
    await watch.created(1);
    broken[Symbol.dispose]();
    await assert.rejects(watch.done);

    using client = connectEtcd(etcd.address);
    const { header } = await client.kv.put({ key });
    assert.equal(header?.revision, 2n);
  });

  test("forgets what is older than its history limit", async () => {
    await using etcd = await startEmbeddedEtcd({ historyLimit: 10 });
    using client = connectEtcd(etcd.address);
    for (let i = 0; i < 30; i++) await client.kv.put({ key });
    const { header } = await client.kv.range({ key, revision: 21n });
    assert.equal(header?.revision, 31n);
    await assert.rejects(client.kv.range({ key, revision: 18n }), {
      rawMessage: "etcdserver: mvcc: required revision has been compacted",
    });
  });

  test("tells idle watchers the revision if they ask for it", async () => {
    await using etcd = await startEmbeddedEtcd({
      progressNotifyIntervalMs: 10,
    });
    using client = connectEtcd(etcd.address);
    const watch = client.watch();
    watch.send({
      case: "createRequest",
      value: { key, progressNotify: true } as never,
    });
    await watch.created(1);
    const { header } = await client.kv.put({ key: Buffer.from("other") });
    await watch.until(
      () =>
        watch.progress.some(
          ({ watchId, revision }) =>
            watchId === 0n && revision === header?.revision,
        ),
      "the revision of a change it does not watch",
    );
    watch.cancel();
  });

  test("is another cluster with each start, as its data is gone", async () => {
    const ids = new Set<bigint | undefined>();
    for (let start = 0; start < 2; start++) {
      await using etcd = await startEmbeddedEtcd();
      using client = connectEtcd(etcd.address);
      const { header } = await client.kv.range({ key });
      ids.add(header?.clusterId);
    }
    assert.equal(ids.size, 2);
  });
});
