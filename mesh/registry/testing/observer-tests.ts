// What a directory promises to those who subscribe.

import assert from "node:assert/strict";
import { encodeInstance } from "../../../core/index.ts";
import type { Snapshot } from "../index.ts";
import type { Define } from "./contract.ts";
import {
  createTestInstance,
  holds,
  isSynced,
  SERVICE,
  type Stage,
} from "./stage.ts";
import type { DirectorySubject } from "./subject.ts";

type DefineTest = Define<Stage<DirectorySubject>>;

const [a, b, c] = [
  createTestInstance(1),
  createTestInstance(2),
  createTestInstance(3),
];

/**
 * Define the tests of observers.
 */
export function defineObserverTests(define: DefineTest): void {
  define(
    "an observer hears at once, and nothing after it left",
    async (stage) => {
      const directory = stage.directory();
      const now = await stage.until(directory, isSynced);
      const heard: Snapshot[] = [];
      const end = directory.subscribe((snapshot) => heard.push(snapshot));
      assert.deepEqual(heard, [now]);
      end();
      end();
      await stage.subject.publish([a]);
      await stage.until(directory, holds(a));
      assert.equal(heard.length, 1);
    },
  );

  define(
    "an observer hears whole snapshots, and only what is new",
    async (stage) => {
      const directory = stage.directory();
      await stage.until(directory, isSynced);
      const heard: Snapshot[] = [];
      directory.subscribe((snapshot) => {
        assert.equal(snapshot, directory.snapshot);
        heard.push(snapshot);
      });
      for (const instances of [[a], [a], [a, b], [a, b], [b, c]]) {
        await stage.subject.publish(instances);
        await stage.until(directory, holds(...instances));
      }
      const said = heard.map(({ freshness, instances }) =>
        [freshness, ...instances.map(encodeInstance)].join(),
      );
      const again = said.filter((text, i) => text === said[i - 1]);
      assert.deepEqual(again, []);
      for (const { instances, serving } of heard) {
        const served = serving.get(SERVICE) ?? [];
        assert.deepEqual(
          instances.map(encodeInstance),
          served.map(encodeInstance),
        );
      }
    },
  );

  define("a function that subscribed twice hears twice", async (stage) => {
    const directory = stage.directory();
    await stage.until(directory, isSynced);
    let heard = 0;
    const observer = (snapshot: Snapshot) => {
      if (holds(a)(snapshot)) heard++;
    };
    const end = directory.subscribe(observer);
    directory.subscribe(observer);
    await stage.subject.publish([a]);
    await stage.until(directory, () => heard === 2);
    end();
    await stage.subject.publish([]);
    await stage.until(directory, holds());
    await stage.subject.publish([a]);
    await stage.until(directory, () => heard === 3);
  });

  define("an observer that throws does not hurt the others", async (stage) => {
    const directory = stage.directory();
    await stage.until(directory, isSynced);
    using _caught = catchUncaught();
    const heard = { before: false, after: false };
    directory.subscribe((s) => {
      heard.before = holds(a)(s);
    });
    let first = true;
    directory.subscribe(() => {
      if (!first) throw new Error("thrown by an observer, on purpose");
      first = false;
    });
    directory.subscribe((s) => {
      heard.after = holds(a)(s);
    });
    await stage.subject.publish([a]);
    await stage.until(directory, holds(a));
    assert.deepEqual(heard, { before: true, after: true });
    await stage.subject.publish([b]);
    await stage.until(directory, holds(b));
  });

  define("an observer may leave while it is told", async (stage) => {
    const directory = stage.directory();
    await stage.until(directory, isSynced);
    let heard = 0;
    let others = 0;
    const end = directory.subscribe(() => {
      heard++;
      if (heard === 2) end();
    });
    directory.subscribe(() => others++);
    await stage.subject.publish([a]);
    await stage.until(directory, holds(a));
    await stage.subject.publish([b]);
    await stage.until(directory, holds(b));
    assert.equal(heard, 2);
    assert.ok(others > 2, "the one behind it heard all");
  });
}

/** Keep uncaught errors from ending the process until disposed. */
function catchUncaught(): Disposable {
  process.setUncaughtExceptionCaptureCallback(() => {});
  return {
    [Symbol.dispose]: () => process.setUncaughtExceptionCaptureCallback(null),
  };
}
