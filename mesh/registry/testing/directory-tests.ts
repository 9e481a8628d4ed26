// What a directory promises of its snapshots, and of its end.

import assert from "node:assert/strict";
import { encodeInstance, Protocol, State } from "../../../core/index.ts";
import type { Snapshot } from "../index.ts";
import type { Define } from "./contract.ts";
import {
  addressesOf,
  createTestInstance,
  holds,
  isSynced,
  recordOf,
  SERVICE,
  type Stage,
} from "./stage.ts";
import type { DirectorySubject } from "./subject.ts";

type DefineTest = Define<Stage<DirectorySubject>>;

/**
 * Define the tests of snapshots.
 */
export function defineDirectoryTests(define: DefineTest): void {
  defineContentTests(define);
  defineChangeTests(define);
  defineShapeTests(define);
  defineCloseTests(define);
  defineOutageTests(define);
}

function defineContentTests(define: DefineTest): void {
  define("an empty store is synced and serves nothing", async (stage) => {
    const snapshot = await stage.until(stage.directory(), isSynced);
    assert.deepEqual(snapshot.instances, []);
    assert.equal(snapshot.serving.size, 0);
    assert.equal(snapshot.staleSinceMs, undefined);
  });

  define(
    "an instance is seen with all it says of itself",
    async (stage) => {
      const one = createTestInstance(1, {
        version: "1.2.3",
        schemaDigest: "digest",
        protocols: [Protocol.GRPC, Protocol.CONNECT],
        weight: 3,
        zone: "b",
        metadata: { owner: "ada" },
      });
      await stage.subject.publish([one]);
      const { instances } = await stage.until(stage.directory(), holds(one));
      assert.deepEqual(instances.map(recordOf), [recordOf(one)]);
    },
    "wholeRecord",
  );

  define("the first synced snapshot holds all there is", async (stage) => {
    const all = [3, 1, 2].map((n) => createTestInstance(n));
    await stage.subject.publish(all);
    const snapshot = await stage.until(stage.directory(), isSynced);
    assert.ok(holds(...all)(snapshot), `only ${snapshot.instances.length}`);
  });

  define("services are told apart by their whole name", async (stage) => {
    const [foo, bar, both] = [
      createTestInstance(1, { services: ["a.v1.Foo"] }),
      createTestInstance(2, { services: ["a.v1.FooBar"] }),
      createTestInstance(3, { services: ["a.v1.Foo", "a.v1.FooBar"] }),
    ];
    await stage.subject.publish([foo, bar, both]);
    const directory = stage.directory();
    const { serving } = await stage.until(directory, holds(foo, bar, both));
    assert.deepEqual([...serving.keys()].sort(), ["a.v1.Foo", "a.v1.FooBar"]);
    const served = (service: string) => addressesOf(serving.get(service));
    assert.deepEqual(served("a.v1.Foo").sort(), addressesOf([foo, both]));
    assert.deepEqual(served("a.v1.FooBar").sort(), addressesOf([bar, both]));
  });

  define(
    "one who drains is known, but wants no new calls",
    async (stage) => {
      const stays = createTestInstance(1);
      const leaves = createTestInstance(2, {
        services: [SERVICE, "other.v1.OtherService"],
        state: State.DRAINING,
      });
      await stage.subject.publish([stays, leaves]);
      const { serving } = await stage.until(
        stage.directory(),
        (snapshot) =>
          holds(stays, leaves)(snapshot) &&
          snapshot.instances.some(({ state }) => state === State.DRAINING),
      );
      assert.deepEqual(addressesOf(serving.get(SERVICE)), addressesOf([stays]));
      assert.equal(serving.has("other.v1.OtherService"), false);
    },
    "draining",
  );
}

function defineChangeTests(define: DefineTest): void {
  define("who comes is seen, and who leaves is seen no more", async (stage) => {
    const [a, b] = [createTestInstance(1), createTestInstance(2)];
    const directory = stage.directory();
    await stage.subject.publish([a]);
    await stage.until(directory, holds(a));
    await stage.subject.publish([a, b]);
    await stage.until(directory, holds(a, b));
    await stage.subject.publish([b]);
    const { serving } = await stage.until(directory, holds(b));
    assert.deepEqual(addressesOf(serving.get(SERVICE)), addressesOf([b]));
    await stage.subject.publish([]);
    const last = await stage.until(directory, holds());
    assert.equal(last.serving.size, 0, "a service nobody serves has no entry");
  });

  define("foo leaves, and foobar stays", async (stage) => {
    const foo = createTestInstance(1, { name: "foo" });
    const foobar = createTestInstance(2, { name: "foobar", id: "1" });
    const directory = stage.directory();
    await stage.subject.publish([foo, foobar]);
    await stage.until(directory, holds(foo, foobar));
    await stage.subject.publish([foobar]);
    await stage.until(directory, holds(foobar));
  });

  for (const [what, fields] of [
    ["version", { version: "2" }],
    ["metadata", { metadata: { build: "2" } }],
  ] as const) {
    const title = `a change of nothing but the ${what} is published`;
    define(
      title,
      async (stage) => {
        const [before, after] = [
          createTestInstance(1, { version: "1", metadata: { build: "1" } }),
          createTestInstance(1, {
            version: "1",
            metadata: { build: "1" },
            ...fields,
          }),
        ];
        const directory = stage.directory();
        await stage.subject.publish([before]);
        await stage.until(directory, holds(before));
        await stage.subject.publish([after]);
        await stage.until(directory, ({ instances }) =>
          instances.some((i) => recordOf(i) === recordOf(after)),
        );
      },
      "wholeRecord",
    );
  }

  define("all directories of a store end up equal", async (stage) => {
    const [one, two] = [stage.directory(), stage.directory()];
    const [a, b, c] = [1, 2, 3].map((n) => createTestInstance(n));
    assert.ok(a && b && c);
    await stage.subject.publish([a, b]);
    await stage.subject.publish([b, c]);
    const first = await stage.until(one, holds(b, c));
    const second = await stage.until(two, holds(b, c));
    assert.deepEqual(encodeSnapshot(first), encodeSnapshot(second));
  });
}

function defineShapeTests(define: DefineTest): void {
  define("instances come sorted by name and id", async (stage) => {
    const all = [
      createTestInstance(1, { name: "foobar", id: "1" }),
      createTestInstance(2, { name: "foo", id: "2" }),
      createTestInstance(3, { name: "foo", id: "10" }),
      createTestInstance(4, { name: "foo", id: "1" }),
    ];
    await stage.subject.publish(all);
    const snapshot = await stage.until(stage.directory(), holds(...all));
    // "\0" comes before everything: "foo" before "foobar", whatever the id.
    const keys = snapshot.instances.map(({ name, id }) => `${name}\0${id}`);
    assert.deepEqual(keys, [...keys].sort());
    const serving = addressesOf(snapshot.serving.get(SERVICE));
    assert.deepEqual(serving, addressesOf(snapshot.instances));
  });

  define("a snapshot is frozen, and stays what it was", async (stage) => {
    const [a, b] = [createTestInstance(1), createTestInstance(2)];
    const directory = stage.directory();
    await stage.subject.publish([a]);
    const kept = await stage.until(directory, holds(a));
    const before = encodeSnapshot(kept);
    assert.ok(Object.isFrozen(kept), "the snapshot is frozen");
    assert.ok(Object.isFrozen(kept.instances), "its instances are frozen");
    await stage.subject.publish([b]);
    const next = await stage.until(directory, holds(b));
    assert.notEqual(next, kept);
    assert.deepEqual(encodeSnapshot(kept), before);
  });
}

function defineCloseTests(define: DefineTest): void {
  for (const [how, close] of [
    ["closed", "close"],
    ["disposed of", Symbol.asyncDispose],
  ] as const) {
    const title = `a directory that was ${how} tells nothing more, and remembers`;
    define(title, async (stage) => {
      const [a, b] = [createTestInstance(1), createTestInstance(2)];
      const [closed, open] = [stage.directory(), stage.directory()];
      await stage.subject.publish([a]);
      await stage.until(open, holds(a));
      const last = await stage.until(closed, holds(a));
      const heard: Snapshot[] = [];
      closed.subscribe((snapshot) => heard.push(snapshot));
      await closed[close]();
      await stage.subject.publish([a, b]);
      await stage.until(open, holds(a, b));
      await stage.subject.publish([]);
      await stage.until(open, holds());
      assert.equal(heard.length, 1, "observers hear nothing after the end");
      assert.equal(closed.snapshot, last);
      closed.subscribe((snapshot) => heard.push(snapshot));
      assert.equal(heard[1], last, "whoever comes late hears the last one");
      await closed.close();
    });
  }

  define(
    "a directory may be closed before it heard anything",
    async (stage) => {
      const directory = stage.directory();
      await directory.close();
      await directory.close();
      assert.deepEqual(directory.snapshot.instances, []);
    },
  );
}

function defineOutageTests(define: DefineTest): void {
  define(
    "what is known stays known while the store is away",
    async (stage, skip) => {
      const { outage, publish } = stage.subject;
      if (outage === undefined) return skip("no outage to test with");
      const [a, b] = [createTestInstance(1), createTestInstance(2)];
      const directory = stage.directory();
      await publish([a]);
      const before = await stage.until(directory, holds(a));
      await outage.begin();
      const stale = await stage.until(directory, (s) => !isSynced(s));
      assert.equal(stale.freshness, "stale");
      assert.ok((stale.staleSinceMs ?? Infinity) <= performance.now());
      assert.deepEqual(encodeSnapshot(stale), encodeSnapshot(before));
      await outage.end();
      const back = await stage.until(directory, holds(a));
      assert.equal(back.staleSinceMs, undefined);
      await publish([a, b]);
      await stage.until(directory, holds(a, b));
    },
  );
}

/** All that a snapshot says, but for its freshness. */
function encodeSnapshot({ instances, serving }: Snapshot): unknown {
  return {
    instances: instances.map(encodeInstance),
    serving: [...serving]
      .map(([service, of]) => [service, of.map(encodeInstance)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}
