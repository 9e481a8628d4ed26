// Tests wire/sweeper.ts: how often it looks, when it stops, and that it keeps
// no process alive. Time is the test runner's.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  type Swept,
  startSweeping,
  stopSweeping,
} from "../../../wire/sweeper.ts";

const created = new Set<CountedSwept>();

class CountedSwept implements Swept {
  readonly sweepEveryMs: number;
  sweeps = 0;

  constructor(sweepEveryMs: number) {
    this.sweepEveryMs = sweepEveryMs;
    created.add(this);
    startSweeping(this);
  }

  readonly faults: unknown[] = [];

  sweep() {
    this.sweeps++;
  }

  onFault(error: unknown) {
    this.faults.push(error);
  }

  stop() {
    created.delete(this);
    stopSweeping(this);
  }
}

beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));

afterEach(() => {
  for (const swept of [...created]) swept.stop();
  mock.timers.reset();
});

/** How often something is looked at in a second. */
function sweepsInSecond(swept: CountedSwept): number {
  const before = swept.sweeps;
  // In small steps: one large step runs an interval but once.
  for (let ms = 0; ms < 1_000; ms++) mock.timers.tick(1);
  return swept.sweeps - before;
}

describe("a sweeper looks", () => {
  const table: [wantedMs: number, inSecond: number][] = [
    [Number.POSITIVE_INFINITY, 4],
    [2_500, 4],
    [250, 4],
    [100, 10],
    [50, 20],
    [5, 200],
    [1, 200],
    [0, 200],
  ];
  for (const [wantedMs, inSecond] of table) {
    test(`${inSecond} times a second for who wants it every ${wantedMs} ms`, () => {
      assert.equal(sweepsInSecond(new CountedSwept(wantedMs)), inSecond);
    });
  }

  test("at all as often as the most hurried wants", () => {
    const calm = new CountedSwept(10_000);
    const hurried = new CountedSwept(50);
    const calmer = new CountedSwept(20_000);
    sweepsInSecond(calm);
    const counts = [calm, hurried, calmer].map(({ sweeps }) => sweeps);
    assert.deepEqual(counts, [20, 20, 20]);
  });

  test("no more at who has stopped, and on at the others", () => {
    const one = new CountedSwept(100);
    const other = new CountedSwept(100);
    one.stop();
    assert.equal(sweepsInSecond(other), 10);
    assert.equal(one.sweeps, 0);
  });

  test("at nobody when all have stopped, and at its leisure afterwards", () => {
    const hurried = new CountedSwept(10);
    hurried.stop();
    assert.equal(sweepsInSecond(hurried), 0);
    assert.equal(sweepsInSecond(new CountedSwept(1_000)), 4);
  });

  test("at the others, too, when one stops while it is looked at", () => {
    const quitter = new CountedSwept(100);
    quitter.sweep = () => quitter.stop();
    const other = new CountedSwept(100);
    assert.equal(sweepsInSecond(other), 10);
  });
});

test("an error is told to who threw it, and the others are looked at", () => {
  const error = new Error("a handler's");
  const bad = new CountedSwept(250);
  bad.sweep = () => {
    throw error;
  };
  const good = new CountedSwept(250);
  assert.equal(sweepsInSecond(good), 4);
  assert.deepEqual(bad.faults, Array(4).fill(error));
  assert.deepEqual(good.faults, []);
});

test("has one timer, whatever there is to look at", (t) => {
  const set = t.mock.method(globalThis, "setInterval");
  const clear = t.mock.method(globalThis, "clearInterval");
  for (let i = 0; i < 100; i++) new CountedSwept(1_000);
  assert.equal(set.mock.callCount(), 1);
  new CountedSwept(100);
  assert.equal(set.mock.callCount(), 2);
  for (const swept of [...created]) swept.stop();
  const cleared = clear.mock.calls.filter(
    ({ arguments: [timer] }) => timer !== undefined,
  );
  assert.equal(cleared.length, 2);
});

test("keeps no process alive", async () => {
  const module = new URL("../../../wire/sweeper.ts", import.meta.url);
  const program = `
    import { startSweeping } from ${JSON.stringify(module.href)};
    startSweeping({ sweepEveryMs: 10, sweep() {}, onFault() {} });
  `;
  const args = ["--input-type=module-typescript", "-e", program];
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  await promisify(execFile)(process.execPath, args, { cwd, timeout: 10_000 });
});
