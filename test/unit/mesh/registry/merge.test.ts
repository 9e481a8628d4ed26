// Several directories seen as one.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Instance, State } from "../../../../core/index.ts";
import {
  createMemoryRegistry,
  createSnapshotFeed,
  createStaticDirectory,
  mergeDirectories,
  type Registration,
  type SnapshotFeed,
} from "../../../../mesh/registry/index.ts";
import { directoryContract } from "../../../../mesh/registry/testing/index.ts";
import { ids, instance } from "./support.ts";

directoryContract({
  name: "merged",
  async create() {
    const parts = [createMemoryRegistry(), createMemoryRegistry()] as const;
    let published: Registration[] = [];
    return {
      createDirectory: () =>
        mergeDirectories(...parts.map((part) => part.createDirectory())),
      async publish(instances) {
        await Promise.all(published.map((one) => one.close()));
        published = instances.map((one, i) =>
          parts[i % 2 === 0 ? 0 : 1].registrar.register(one),
        );
      },
      [Symbol.asyncDispose]: async () => {},
    };
  },
});

/** A directory whose freshness and instances the test decides. */
function createFed(): SnapshotFeed & {
  closed: boolean;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
} {
  const feed = createSnapshotFeed();
  return {
    get snapshot() {
      return feed.snapshot;
    },
    subscribe: feed.subscribe,
    synced: feed.synced,
    lost: feed.lost,
    closed: false,
    async close() {
      this.closed = true;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

function merge(...lists: readonly (readonly Instance[])[]) {
  const parts = lists.map((instances) => createStaticDirectory({ instances }));
  return mergeDirectories(...parts).snapshot;
}

describe("merged directories", () => {
  test("are as fresh as the least fresh of them, and hide nobody", () => {
    const [one, two] = [createFed(), createFed()];
    const directory = mergeDirectories(one, two);
    const heard: string[] = [];
    directory.subscribe(({ freshness, instances }) =>
      heard.push([freshness, ...instances.map(({ id }) => id)].join(" ")),
    );
    one.synced([instance({ id: "1", address: "h:1" })]);
    two.synced([instance({ id: "2", address: "h:2" })]);
    one.lost(new Error("away"));
    const since = directory.snapshot.staleSinceMs;
    assert.equal(since, one.snapshot.staleSinceMs);
    two.lost(new Error("away as well"));
    assert.equal(directory.snapshot.staleSinceMs, since);
    two.synced([]);
    one.synced([instance({ id: "1", address: "h:1" })]);
    assert.deepEqual(heard, [
      "never",
      "never 1",
      "synced 1 2",
      "stale 1 2",
      "stale 1",
      "synced 1",
    ]);
  });

  test("show a service at an address once, as the first one has it", () => {
    const known = instance({ id: "1", address: "h:1", schemaDigest: "x" });
    const written = instance({ id: "2", address: "h:1" });
    assert.deepEqual(merge([known], [written]).instances, [known]);
    assert.deepEqual(merge([written], [known]).instances, [written]);
  });

  test("do not let one serve where the first says that it drains", () => {
    const draining = instance({ address: "h:1", state: State.DRAINING });
    const written = instance({ address: "h:1" });
    assert.equal(merge([draining], [written]).serving.size, 0);
  });

  test("keep the services at an address that only a later one has", () => {
    const known = instance({ id: "1", address: "h:1", services: ["a.v1.A"] });
    const services = ["a.v1.A", "b.v1.B"];
    const written = instance({ id: "2", address: "h:1", services });
    const { serving } = merge([known], [written]);
    const served = (service: string) => serving.get(service)?.map((i) => i.id);
    assert.deepEqual(served("a.v1.A"), ["1"]);
    assert.deepEqual(served("b.v1.B"), ["2"]);
    assert.deepEqual(written.services, services, "the record is not touched");
  });

  test("keep the first of two records with one name and id", () => {
    const [one, two] = ["h:1", "h:2"].map((address) =>
      instance({ id: "1", address }),
    );
    assert.ok(one && two);
    assert.deepEqual(merge([one], [two]).instances, [one]);
    const other = instance({ id: "1", name: "other", address: "h:2" });
    assert.deepEqual(ids(merge([one], [other])), ["1", "1"]);
  });

  test("doubt nothing within one directory", () => {
    const both = ["1", "2"].map((id) => instance({ id, address: "h:1" }));
    assert.deepEqual(ids(merge(both)), ["1", "2"]);
  });

  test("publish nothing if what changed was hidden", () => {
    const [one, two] = [createFed(), createFed()];
    const directory = mergeDirectories(one, two);
    one.synced([instance({ id: "1", address: "h:1" })]);
    two.synced([]);
    let heard = 0;
    directory.subscribe(() => heard++);
    two.synced([instance({ id: "2", address: "h:1" })]);
    assert.equal(heard, 1);
  });

  test("are all closed with the whole, which then tells nothing more", async () => {
    const [one, two] = [createFed(), createFed()];
    const directory = mergeDirectories(one, two);
    await directory.close();
    one.synced([instance()]);
    assert.deepEqual([one.closed, two.closed], [true, true]);
    assert.deepEqual(directory.snapshot.instances, []);
  });

  test("tell every observer the newest last, though one of them caused it", () => {
    const [one, two] = [createFed(), createFed()];
    const directory = mergeDirectories(one, two);
    directory.subscribe(({ instances }) => {
      if (instances.length === 1) two.synced([instance({ id: "2" })]);
    });
    const heard: number[] = [];
    directory.subscribe(({ instances }) => heard.push(instances.length));
    one.synced([instance({ id: "1", address: "h:1" })]);
    assert.deepEqual(heard, [0, 2]);
  });
});
