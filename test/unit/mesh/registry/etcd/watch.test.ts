// List and watch, the two halves of the directory, and the seam between them.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { IEvent } from "etcd3";
import { createConnection } from "../../../../../mesh/registry/etcd/connection.ts";
import { resolveEtcdOptions } from "../../../../../mesh/registry/etcd/options.ts";
import {
  type Listing,
  listPrefix,
} from "../../../../../mesh/registry/etcd/range.ts";
import { openWatch } from "../../../../../mesh/registry/etcd/watch.ts";
import { startEtcd, type TestEtcd } from "../../../../support/etcd.ts";

describe("list and watch", { timeout: 30_000 }, () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd[Symbol.asyncDispose]());
  beforeEach(() => etcd.etcdctl("del", "--prefix", "/"));

  function open() {
    const connection = createConnection(
      resolveEtcdOptions({ hosts: [etcd.address] }),
    );
    const client = connection.client();
    return { client, [Symbol.dispose]: () => connection.drop() };
  }

  // Watches until `count` events came; resolves with the batches they came in.
  async function watch(after: Listing, count: number) {
    using connection = open();
    const ending = new AbortController();
    const batches: string[][] = [];
    const { broken } = await openWatch(connection.client.watchClient, {
      prefix: "/foo/",
      after,
      signal: ending.signal,
      onEvents(events: readonly IEvent[]) {
        batches.push(events.map(({ type, kv }) => `${type} ${kv.key}`));
        if (batches.flat().length >= count) ending.abort();
      },
    });
    await broken.catch((error) => assert.equal(error, ending.signal.reason));
    return batches;
  }

  // Resolves when a watch breaks that should not have delivered anything.
  async function watchInVain(after: Listing): Promise<never> {
    using connection = open();
    const { broken } = await openWatch(connection.client.watchClient, {
      prefix: "/foo/",
      after,
      signal: new AbortController().signal,
      onEvents: () => assert.fail("events of another history"),
    });
    return await broken;
  }

  test("what happens between list and watch is seen", async () => {
    using connection = open();
    await etcd.etcdctl("put", "/foo/a", "1");
    const list = await listPrefix(connection.client.kv, {
      prefix: "/foo/",
      pageKeys: 500,
    });
    assert.deepEqual(
      list.records.map(({ key }) => String(key)),
      ["/foo/a"],
    );
    await etcd.etcdctl("put", "/foo/b", "1");
    await etcd.etcdctl("put", "/foobar/c", "1");
    await etcd.etcdctl("del", "/foo/a");
    assert.deepEqual((await watch(list, 2)).flat(), [
      "Put /foo/b",
      "Delete /foo/a",
    ]);
  });

  test("two puts of one transaction come together", async () => {
    using connection = open();
    const { kv } = connection.client;
    const list = await listPrefix(kv, { prefix: "/foo/", pageKeys: 500 });
    const value = Buffer.from("1");
    await kv.txn({
      success: [
        { request_put: { key: Buffer.from("/foo/a"), value } },
        { request_put: { key: Buffer.from("/foo/b"), value } },
      ],
    });
    assert.deepEqual(await watch(list, 2), [["Put /foo/a", "Put /foo/b"]]);
  });

  test("a list of several pages is complete and of one moment", async () => {
    using connection = open();
    const { kv } = connection.client;
    const key = (i: number) => `/foo/${i}`;
    for (let i = 0; i < 7; i++) await etcd.etcdctl("put", key(i), "1");
    await etcd.etcdctl("put", "/foobar/x", "1");
    let pages = 0;
    const meddling: typeof kv = Object.create(kv, {
      range: {
        value: async (request: Parameters<typeof kv.range>[0]) => {
          const page = await kv.range(request);
          // Somebody writes after each page: none of it may be in the list.
          await etcd.etcdctl("put", `/foo/9${pages++}`, "late");
          await etcd.etcdctl("del", "/foo/6");
          return page;
        },
      },
    });
    const list = await listPrefix(meddling, { prefix: "/foo/", pageKeys: 3 });
    assert.equal(pages, 3);
    assert.deepEqual(
      list.records.map((record) => String(record.key)),
      [0, 1, 2, 3, 4, 5, 6].map(key),
    );
    assert.deepEqual((await watch(list, 2)).flat().slice(0, 2), [
      "Put /foo/90",
      "Delete /foo/6",
    ]);
  });

  test("a watch from before a compaction ends with the reason", async () => {
    using connection = open();
    await etcd.etcdctl("put", "/foo/a", "1");
    const list = await listPrefix(connection.client.kv, {
      prefix: "/foo/",
      pageKeys: 500,
    });
    await etcd.etcdctl("put", "/foo/b", "1");
    await etcd.etcdctl("put", "/foo/c", "1");
    await etcd.etcdctl("compact", String(list.revision + 2n));
    await assert.rejects(watchInVain(list), /were compacted/);
  });

  test("a watch from a revision that etcd does not have yet ends: its data was lost", async () => {
    using connection = open();
    const list = await listPrefix(connection.client.kv, {
      prefix: "/foo/",
      pageKeys: 500,
    });
    await assert.rejects(
      watchInVain({ ...list, revision: list.revision + 1_000n }),
      /the revision went back/,
    );
  });

  test("a watch that another cluster answers ends", async () => {
    using connection = open();
    const list = await listPrefix(connection.client.kv, {
      prefix: "/foo/",
      pageKeys: 500,
    });
    await assert.rejects(
      watchInVain({ ...list, clusterId: "1" }),
      /another cluster answers/,
    );
  });
});
