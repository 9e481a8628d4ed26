// What every registry does, whatever it stands on.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { State } from "../../../../core/index.ts";
import type {
  Directory,
  Registrar,
  Snapshot,
} from "../../../../mesh/registry/index.ts";
import { ids, instance, until } from "./support.ts";

/** Both ends of an empty registry of its own. */
export interface OpenRegistry extends AsyncDisposable {
  readonly registrar: Registrar;
  readonly directory: Directory;
}

const SERVICE = "greeter.v1.GreeterService";
const synced = ({ freshness }: Snapshot) => freshness === "synced";

/**
 * Define the tests of a registry.
 */
export function registryContract(
  name: string,
  open: () => Promise<OpenRegistry>,
): void {
  describe(`${name} as a registry`, { timeout: 30_000 }, () => {
    test("an empty registry is synced and serves nothing", async () => {
      await using registry = await open();
      const snapshot = await until(registry.directory, synced);
      assert.deepEqual(snapshot.instances, []);
      assert.equal(snapshot.serving.size, 0);
    });

    test("a registered instance is seen with all it said of itself", async () => {
      await using registry = await open();
      const one = instance({ zone: "b", metadata: { owner: "ada" } });
      const registration = registry.registrar.register(one);
      await registration.registered;
      assert.equal(registration.state, "live");
      const { serving } = await until(registry.directory, (snapshot) =>
        snapshot.serving.has(SERVICE),
      );
      assert.deepEqual(serving.get(SERVICE), [one]);
    });

    test("a draining instance is known, but wants no new calls", async () => {
      await using registry = await open();
      const registration = registry.registrar.register(instance());
      await registration.registered;
      await registration.drain();
      assert.equal(registration.state, "draining");
      const snapshot = await until(registry.directory, ({ instances }) =>
        instances.some(({ state }) => state === State.DRAINING),
      );
      assert.equal(snapshot.instances.length, 1);
      assert.equal(snapshot.serving.has(SERVICE), false);
    });

    test("serving, draining and gone are seen in this order", async () => {
      await using registry = await open();
      await until(registry.directory, synced);
      const seen: (State | "none")[] = [];
      const end = registry.directory.subscribe(({ instances }) => {
        seen.push(instances[0]?.state ?? "none");
      });
      const registration = registry.registrar.register(instance());
      await registration.registered;
      await registration.drain();
      await registration.close();
      assert.equal(registration.state, "gone");
      await until(registry.directory, () => seen.at(-1) === "none");
      end();
      assert.deepEqual(seen, ["none", State.SERVING, State.DRAINING, "none"]);
    });

    test("a closed registration makes room for a new one", async () => {
      await using registry = await open();
      const one = instance({ id: "1" });
      const first = registry.registrar.register(one);
      await first.registered;
      await first.close();
      await registry.registrar.register(one).registered;
      await until(registry.directory, (snapshot) =>
        ids(snapshot).includes("1"),
      );
    });

    test("one registration leaves and the others stay", async () => {
      await using registry = await open();
      const [a, b] = ["a", "b"].map((id) =>
        registry.registrar.register(instance({ id })),
      );
      await Promise.all([a?.registered, b?.registered]);
      await until(registry.directory, (s) => s.instances.length === 2);
      await a?.close();
      const left = await until(
        registry.directory,
        (s) => s.instances.length === 1,
      );
      assert.deepEqual(ids(left), ["b"]);
      assert.equal(b?.state, "live");
    });

    test("an id that is held is refused, by name of key and holder", async () => {
      await using registry = await open();
      const { registrar } = registry;
      const held = registrar.register(
        instance({ id: "1", address: "127.0.0.1:7001" }),
      );
      await held.registered;
      const late = registrar.register(
        instance({ id: "1", address: "127.0.0.1:7002" }),
      );
      await assert.rejects(late.registered, {
        code: "ERR_ID_TAKEN",
        message: /\/portolan\/v1\/instances\/greeter\/1 .*127\.0\.0\.1:7001/,
      });
      assert.equal(late.state, "gone");
      await late.close();
      assert.equal(held.state, "live");
      const { instances } = await until(
        registry.directory,
        (snapshot) => snapshot.instances.length > 0,
      );
      assert.deepEqual(
        instances.map(({ address }) => address),
        ["127.0.0.1:7001"],
      );
    });

    for (const [what, fields] of [
      ["a name with a slash", { name: "a/b" }],
      ["no name", { name: "" }],
      ["an id with a slash", { id: "a/b" }],
      ["no id", { id: "" }],
      ["no port", { address: "localhost" }],
    ] as const) {
      test(`an instance with ${what} is a usage error`, async () => {
        await using registry = await open();
        assert.throws(() => registry.registrar.register(instance(fields)), {
          code: "ERR_USAGE",
        });
      });
    }

    test("instances come sorted by name and id, whoever came first", async () => {
      await using registry = await open();
      for (const [name, id] of [
        ["foobar", "1"],
        ["foo", "2"],
        ["foo", "1"],
      ] as const) {
        registry.registrar.register(instance({ name, id }));
      }
      const { instances } = await until(
        registry.directory,
        (snapshot) => snapshot.instances.length === 3,
      );
      assert.deepEqual(
        instances.map(({ name, id }) => `${name}/${id}`),
        ["foo/1", "foo/2", "foobar/1"],
      );
    });

    test("an observer hears at once, and nothing after it left", async () => {
      await using registry = await open();
      await until(registry.directory, synced);
      let heard = 0;
      const end = registry.directory.subscribe(() => heard++);
      assert.equal(heard, 1);
      end();
      await registry.registrar.register(instance()).registered;
      await until(registry.directory, (s) => s.instances.length === 1);
      assert.equal(heard, 1);
    });

    test("a closed registrar ended its registrations and takes no more", async () => {
      await using registry = await open();
      const registration = registry.registrar.register(instance());
      await registration.registered;
      await until(registry.directory, (s) => s.instances.length === 1);
      await registry.registrar.close();
      assert.equal(registration.state, "gone");
      await until(registry.directory, (s) => s.instances.length === 0);
      assert.throws(() => registry.registrar.register(instance()), {
        code: "ERR_CLOSED",
      });
    });
  });
}
