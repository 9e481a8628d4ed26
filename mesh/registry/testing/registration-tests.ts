// What a registrar promises, and what directories show of it.

import assert from "node:assert/strict";
import { State } from "../../../core/index.ts";
import type { Registrar } from "../index.ts";
import type { Define } from "./contract.ts";
import {
  createTestInstance,
  holds,
  isSynced,
  recordOf,
  SERVICE,
  type Stage,
} from "./stage.ts";
import type { RegistrySubject } from "./subject.ts";

type DefineTest = Define<Stage<RegistrySubject>>;

const [a, b] = [createTestInstance(1), createTestInstance(2)];

/**
 * Define the tests of registrations.
 */
export function defineRegistrationTests(define: DefineTest): void {
  defineClaimTests(define);
  defineRefusalTests(define);
  defineDepartureTests(define);
  defineCloseTests(define);
}

function open(stage: Stage<RegistrySubject>): Registrar {
  return stage.closing(stage.subject.createRegistrar());
}

function defineClaimTests(define: DefineTest): void {
  define("who registered is live, and seen", async (stage) => {
    const registration = open(stage).register(a);
    assert.equal(recordOf(registration.instance), recordOf(a));
    await registration.registered;
    assert.equal(registration.state, "live");
    const { serving } = await stage.until(stage.directory(), holds(a));
    assert.equal(serving.get(SERVICE)?.length, 1);
  });

  define(
    "one name may have many instances, of many processes",
    async (stage) => {
      const registrar = open(stage);
      const all = [1, 2, 3].map((n) => createTestInstance(n));
      const registrations = all.map((instance, i) =>
        (i < 2 ? registrar : open(stage)).register(instance),
      );
      await Promise.all(registrations.map(({ registered }) => registered));
      const { serving } = await stage.until(stage.directory(), holds(...all));
      assert.equal(serving.get(SERVICE)?.length, 3);
    },
  );

  define("one id may be held under two names", async (stage) => {
    const registrar = open(stage);
    const foo = createTestInstance(1, { name: "foo", id: "1" });
    const foobar = createTestInstance(2, { name: "foobar", id: "1" });
    const first = registrar.register(foo);
    await registrar.register(foobar).registered;
    await first.registered;
    const directory = stage.directory();
    await stage.until(directory, holds(foo, foobar));
    await first.close();
    await stage.until(directory, holds(foobar));
  });
}

function defineRefusalTests(define: DefineTest): void {
  for (const [what, fields] of [
    ["a name with a slash", { name: "a/b" }],
    ["no name", { name: "" }],
    ["an id with a slash", { id: "a/b" }],
    ["no id", { id: "" }],
    ["no port", { address: "localhost" }],
  ] as const) {
    define(`an instance with ${what} is a usage error`, async (stage) => {
      const instance = createTestInstance(1, fields);
      assert.throws(() => open(stage).register(instance), {
        code: "ERR_USAGE",
      });
    });
  }

  define(
    "an id that is held is refused, and the holder keeps it",
    async (stage) => {
      const registrar = open(stage);
      const held = registrar.register(a);
      await held.registered;
      const rival = createTestInstance(2, { id: a.id });
      for (const other of [registrar, open(stage)]) {
        const late = other.register(rival);
        await assert.rejects(late.registered, (error: Error) => {
          assert.equal("code" in error && error.code, "ERR_ID_TAKEN");
          assert.ok(error.message.includes(a.address), "names the holder");
          return true;
        });
        assert.equal(late.state, "gone");
        await late.drain();
        await late.close();
      }
      assert.equal(held.state, "live");
      await stage.until(stage.directory(), holds(a));
    },
    "exclusiveIds",
  );
}

function defineDepartureTests(define: DefineTest): void {
  define(
    "serving, draining and gone are seen in this order",
    async (stage) => {
      const directory = stage.directory();
      await stage.until(directory, isSynced);
      const seen: (State | "none")[] = [];
      directory.subscribe(({ instances }) => {
        seen.push(instances[0]?.state ?? "none");
      });
      const registration = open(stage).register(a);
      await registration.registered;
      await stage.until(directory, holds(a));
      await registration.drain();
      assert.equal(registration.state, "draining");
      await stage.until(directory, () => seen.at(-1) === State.DRAINING);
      await registration.close();
      assert.equal(registration.state, "gone");
      await stage.until(directory, holds());
      assert.deepEqual(seen, ["none", State.SERVING, State.DRAINING, "none"]);
    },
    "draining",
  );

  define(
    "departing twice is departing once, and never fails",
    async (stage) => {
      const directory = stage.directory();
      const registration = open(stage).register(a);
      await registration.registered;
      await Promise.all([registration.drain(), registration.drain()]);
      await registration.drain();
      assert.equal(registration.state, "draining");
      await Promise.all([registration.close(), registration.close()]);
      await registration.close();
      await registration.drain();
      assert.equal(registration.state, "gone");
      await stage.until(directory, holds());
    },
  );

  define("who closes without draining is gone as well", async (stage) => {
    const [directory, registrar] = [stage.directory(), open(stage)];
    const [first, second] = [registrar.register(a), registrar.register(b)];
    await stage.until(directory, holds(a, b));
    await first[Symbol.asyncDispose]();
    assert.equal(first.state, "gone");
    await stage.until(directory, holds(b));
    assert.equal(second.state, "live");
  });

  define("who leaves makes room for another of the same id", async (stage) => {
    const [directory, registrar] = [stage.directory(), open(stage)];
    const next = createTestInstance(2, { id: a.id });
    const first = registrar.register(a);
    await first.registered;
    await first.close();
    await registrar.register(next).registered;
    await stage.until(directory, holds(next));
  });

  define(
    "who closes before the first claim leaves nothing behind",
    async (stage) => {
      const [directory, registrar] = [stage.directory(), open(stage)];
      const registration = registrar.register(a);
      const outcome = registration.registered.then(
        () => "made",
        (error) => error.code,
      );
      await registration.close();
      assert.equal(registration.state, "gone");
      assert.match(await outcome, /^(made|ERR_CLOSED)$/);
      await registrar.register(b).registered;
      await stage.until(directory, holds(b));
    },
  );
}

function defineCloseTests(define: DefineTest): void {
  for (const [how, close] of [
    ["closed", "close"],
    ["disposed of", Symbol.asyncDispose],
  ] as const) {
    const title = `a registrar that was ${how} has ended what it registered, and nothing else`;
    define(title, async (stage) => {
      const [registrar, other] = [open(stage), open(stage)];
      const directory = stage.directory();
      const registration = registrar.register(a);
      const stays = other.register(b);
      await stage.until(directory, holds(a, b));
      await registrar[close]();
      await registrar.close();
      assert.equal(registration.state, "gone");
      await stage.until(directory, holds(b));
      assert.equal(stays.state, "live");
      assert.throws(() => registrar.register(a), { code: "ERR_CLOSED" });
    });
  }
}
