// The npm client etcd3 on the embedded etcd: what the registry does with it.

import assert from "node:assert/strict";
import { on, once } from "node:events";
import { describe, test } from "node:test";
import {
  Etcd3,
  EtcdLeaseInvalidError,
  type IKeyValue,
  type Watcher,
} from "etcd3";
import {
  type EmbeddedEtcdOptions,
  startEmbeddedEtcd,
} from "../../embedded-etcd/index.ts";

describe("the npm client etcd3 on the embedded etcd", () => {
  test("keeps a lease alive, and its keys go when the client is gone", async () => {
    let clockMs = 0;
    await using etcd = await startWithClient({
      minLeaseTtlSeconds: 1,
      leaseCheckIntervalMs: 10,
      now: () => clockMs,
    });
    const { client } = etcd;
    const watcher = await client.watch().key("leased").create();
    const lease = client.lease(1);
    await lease.put("leased").value("here");
    // Several times its TTL, in steps that are shorter: each keep-alive counts.
    for (let round = 0; round < 4; round++) {
      await once(lease, "keepaliveSucceeded");
      clockMs += 900;
    }
    assert.equal(await client.get("leased"), "here");

    const gone = once(watcher, "delete");
    lease.release(); // no more keep-alives, and no revoke
    clockMs += 1_001;
    const [deleted] = (await gone) as [IKeyValue];
    assert.equal(deleted.key.toString(), "leased");
    assert.equal(await client.get("leased"), null);
    await watcher.cancel();
  });

  test("raises a TTL of one second to two, as etcd does", async () => {
    await using etcd = await startWithClient();
    const { client } = etcd;
    const granted = await client.leaseClient.leaseGrant({ TTL: 1 });
    assert.equal(granted.TTL, "2");
  });

  test("hears that its lease is lost when it was revoked", async () => {
    await using etcd = await startWithClient({ minLeaseTtlSeconds: 1 });
    const { client } = etcd;
    const lease = client.lease(1);
    const lost = once(lease, "lost");
    await client.leaseClient.leaseRevoke({ ID: await lease.grant() });
    await lost;
  });

  test("watches a prefix from the revision after a list, missing nothing", async () => {
    await using etcd = await startWithClient();
    const { client } = etcd;
    await client.put("s/a").value("1");
    const list = await client.getAll().prefix("s/").exec();
    const next = BigInt(list.header.revision) + 1n;
    await client.put("s/a").value("2");
    await client.delete().key("s/a");
    await client.put("t/a").value("other prefix");

    const seen: string[] = [];
    // Not create(), which resolves only after the first events have passed.
    const watcher = client
      .watch()
      .prefix("s/")
      .startRevision(next.toString())
      .watcher();
    await client.put("s/b").value("3");
    for await (const [response] of on(watcher, "data")) {
      for (const event of (response as WatchData).events) {
        seen.push(`${event.type} ${event.kv.key} ${event.kv.value}`);
      }
      if (seen.length >= 3) break;
    }
    assert.deepEqual(seen, ["Put s/a 2", "Delete s/a ", "Put s/b 3"]);
    await watcher.cancel();
  });

  test("is told when it watches from a compacted revision", async () => {
    await using etcd = await startWithClient({ historyLimit: 1 });
    const { client } = etcd;
    for (const value of ["1", "2", "3", "4"]) {
      await client.put("k").value(value);
    }
    const watcher: Watcher = client
      .watch()
      .key("k")
      .startRevision("2")
      .watcher();
    const [error] = (await once(watcher, "error")) as [Error];
    assert.match(error.message, /Watcher canceled/);
  });

  test("decides with if, then and else", async () => {
    await using etcd = await startWithClient();
    const { client } = etcd;
    const register = (value: string) =>
      client
        .if("id", "Create", "==", 0)
        .then(client.put("id").value(value))
        .else(client.get("id"))
        .commit();

    const first = await register("mine");
    assert.equal(first.succeeded, true);
    const second = await register("yours");
    assert.equal(second.succeeded, false);
    const held = second.responses[0]?.response_range?.kvs[0];
    assert.equal(held?.value.toString(), "mine");
  });

  test("gets etcd's own errors", async () => {
    await using etcd = await startWithClient();
    const { client } = etcd;
    await assert.rejects(
      client.kv.put({
        key: Buffer.from("k"),
        value: Buffer.from("v"),
        lease: "99",
      }),
      EtcdLeaseInvalidError,
    );
    await assert.rejects(client.get("k").revision(500).exec(), {
      message: /required revision is a future revision/,
    });
  });
});

interface WatchData {
  readonly events: readonly { readonly type: string; readonly kv: IKeyValue }[];
}

async function startWithClient(options?: EmbeddedEtcdOptions) {
  const embedded = await startEmbeddedEtcd(options);
  const client = new Etcd3({ hosts: `http://${embedded.address}` });
  return {
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await embedded.close();
    },
  };
}
