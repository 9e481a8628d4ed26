// Who is doubted when many vanish, to the millisecond.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Instance, State } from "../../../../core/index.ts";
import { Guard, type Verdict } from "../../../../mesh/registry/guard.ts";
import { instance } from "./support.ts";

const OPTIONS = { windowMs: 10_000, graceMs: 60_000, allowance: 3, ratio: 0.3 };
interface Entry {
  readonly instance: Instance;
}

// A guard that saw `count` instances come, and short words for what it says.
function open(count: number, options = {}, services = ["x.v1.X"]) {
  const guard = new Guard<Entry>({ ...OPTIONS, ...options });
  const entries = new Map<string, Entry>();
  function come(id: string, fields: Parameters<typeof instance>[0] = {}) {
    const before = entries.get(id);
    const after = { instance: instance({ id, services, ...fields }) };
    entries.set(id, after);
    return say(guard.judge({ key: id, before, after }, 0));
  }
  function leave(id: string, now: number) {
    const before = entries.get(id);
    entries.delete(id);
    return say(guard.judge({ key: id, before, after: undefined }, now));
  }
  for (let i = 1; i <= count; i++) come(`${i}`);
  const sweep = (now: number) => say(guard.sweep(now));
  return { guard, come, leave, sweep };
}

function say(verdicts: readonly Verdict<Entry>[]): string {
  return verdicts.map(({ key, presence }) => `${key} ${presence}`).join(", ");
}

describe("the guard", () => {
  // How many there are, how many of them vanish, from which on they are doubted.
  for (const [total, from] of [
    [1, undefined],
    [2, 2],
    [3, 3],
    [4, 4],
    [10, 4],
    [13, 4],
    [14, 5],
    [20, 7],
    [100, 31],
  ] as const) {
    test(`of ${total}, ${from === undefined ? "none is doubted" : `${from} are too many`}`, () => {
      const { guard, leave } = open(total);
      let first: number | undefined;
      for (let i = 1; i <= total && first === undefined; i++) {
        if (leave(`${i}`, i).includes("suspect")) first = i;
      }
      assert.equal(first, from);
      // Then all that vanished are back.
      assert.equal(guard.suspects.length, from ?? 0);
    });
  }

  test("who vanished before the window is not counted, nor brought back", () => {
    const { leave } = open(10);
    assert.equal(leave("1", 0), "1 gone");
    assert.equal(leave("2", 1), "2 gone");
    assert.equal(leave("3", 1), "3 gone");
    // A window after the first.
    assert.equal(leave("4", 10_000), "4 gone");
    assert.equal(
      leave("5", 10_000),
      "2 suspect, 3 suspect, 4 suspect, 5 suspect",
    );
  });

  test("suspects are dropped when their time is over, each", () => {
    const { guard, leave, sweep } = open(2);
    leave("1", 0);
    assert.equal(leave("2", 1_000), "1 suspect, 2 suspect");
    assert.equal(guard.dueAt, 10_000);
    assert.equal(sweep(10_000), "");
    assert.equal(guard.dueAt, 60_000);
    assert.equal(sweep(59_999), "");
    assert.equal(sweep(60_000), "1 gone");
    assert.equal(guard.dueAt, 61_000);
    assert.equal(sweep(61_000), "2 gone");
    assert.equal(guard.dueAt, Infinity);
    assert.deepEqual(guard.suspects, []);
  });

  test("who comes back is no suspect any more, and is not dropped", () => {
    const { guard, come, leave, sweep } = open(3);
    leave("1", 0);
    leave("2", 0);
    leave("3", 0);
    assert.equal(come("2"), "2 here");
    assert.equal(guard.suspects.length, 2);
    assert.equal(sweep(60_000), "1 gone, 3 gone");
  });

  test("who comes back before it is doubted is not brought back as a suspect", () => {
    const { come, leave } = open(3);
    leave("1", 0);
    come("1", { services: ["y.v1.Y"] });
    leave("2", 0);
    assert.equal(leave("3", 0), "2 suspect, 3 suspect");
  });

  test("who comes anew stands in for one that vanished", () => {
    // Killed and started again, ten times: never were two missing.
    const single = open(1);
    for (let i = 1; i <= 10; i++) {
      assert.equal(single.leave(`${i}`, i), `${i} gone`);
      single.come(`${i + 1}`);
    }
    const { come, leave } = open(10);
    for (const id of ["1", "2", "3"]) leave(id, 0);
    come("11");
    assert.equal(leave("4", 0), "4 gone");
    // The first is not missed any more, and not brought back.
    assert.equal(leave("5", 0), "2 suspect, 3 suspect, 4 suspect, 5 suspect");
  });

  test("who came back after somebody stood in for it is no suspect", () => {
    const { come, leave } = open(4, {}, ["x.v1.X"]);
    leave("1", 0);
    come("y", { services: ["y.v1.Y"] });
    come("1");
    for (const id of ["2", "3", "4"]) leave(id, 0);
    assert.equal(leave("1", 0), "2 suspect, 3 suspect, 4 suspect, 1 suspect");
  });

  test("who announced to leave is neither counted nor doubted", () => {
    const { come, leave } = open(5);
    for (const id of ["1", "2", "3", "4", "5"]) {
      come(id, { state: State.DRAINING });
      assert.equal(leave(id, 0), `${id} gone`);
    }
  });

  test("who is about to leave does not stand for the others", () => {
    const { come, leave } = open(3);
    come("3", { state: State.DRAINING });
    leave("1", 0);
    assert.equal(leave("2", 0), "1 suspect, 2 suspect");
    assert.equal(leave("3", 0), "3 gone");
  });

  test("while there are suspects, who vanishes joins them", () => {
    const { leave, sweep } = open(10);
    for (const id of ["1", "2", "3", "4"]) leave(id, 0);
    assert.equal(leave("5", 50_000), "5 suspect");
    assert.equal(sweep(60_000), "1 gone, 2 gone, 3 gone, 4 gone");
    assert.equal(sweep(110_000), "5 gone");
    assert.equal(leave("6", 110_000), "6 gone");
  });

  test("each service counts for itself", () => {
    const { come, leave } = open(20);
    come("y1", { services: ["y.v1.Y"] });
    come("y2", { services: ["y.v1.Y", "z.v1.Z"] });
    assert.equal(leave("1", 0), "1 gone");
    assert.equal(leave("y1", 0), "y1 gone");
    assert.equal(leave("y2", 0), "y1 suspect, y2 suspect");
    assert.equal(leave("2", 0), "2 gone");
  });

  test("all services together count too: an empty registry is doubted", () => {
    const { come, leave } = open(0);
    for (const id of ["a", "b"]) come(id, { services: [`${id}.v1.S`] });
    leave("a", 0);
    assert.equal(leave("b", 0), "a suspect, b suspect");
  });

  test("without a grace time nobody is doubted", () => {
    const { leave } = open(2, { graceMs: 0 });
    assert.equal(leave("1", 0), "1 gone");
    assert.equal(leave("2", 0), "2 gone");
  });

  test("what was never there does not leave", () => {
    assert.equal(open(0).leave("1", 0), "");
  });

  test("ten thousand departures are judged in no time", () => {
    const { guard, leave } = open(10_000);
    for (let i = 1; i <= 10_000; i++) leave(`${i}`, i);
    assert.equal(guard.suspects.length, 10_000);
  });
});
