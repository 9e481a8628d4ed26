// A view that was changed step by step shows what one from scratch would.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Instance, State } from "../../../../core/index.ts";
import type { Presence } from "../../../../mesh/registry/guard.ts";
import { View } from "../../../../mesh/registry/view.ts";
import { instance } from "./support.ts";

// What a snapshot is, said as plainly as possible.
function expect(shown: ReadonlyMap<string, readonly [Instance, Presence]>) {
  const sorted = [...shown.values()].sort(([a], [b]) =>
    `${a.name}/${a.id}` < `${b.name}/${b.id}` ? -1 : 1,
  );
  const serving = new Map<string, string[]>();
  for (const wanted of ["here", "suspect"]) {
    const found = new Map<string, string[]>();
    for (const [{ id, name, state, services }, presence] of sorted) {
      if (state !== State.SERVING || presence !== wanted) continue;
      for (const service of services) {
        found.set(service, [...(found.get(service) ?? []), name + id]);
      }
    }
    for (const [service, all] of found) {
      if (!serving.has(service)) serving.set(service, all);
    }
  }
  return {
    instances: sorted.map(([{ name, id }]) => name + id),
    suspects: sorted
      .filter(([, presence]) => presence === "suspect")
      .map(([{ id }]) => id)
      .sort(),
    serving: Object.fromEntries([...serving].sort()),
  };
}

function show(view: View) {
  const { instances, serving, suspects } = view.snapshot("synced");
  return {
    instances: instances.map(({ name, id }) => name + id),
    suspects: [...suspects].sort(),
    serving: Object.fromEntries(
      [...serving]
        .map(([service, all]) => [service, all.map((i) => i.name + i.id)])
        .sort(),
    ),
  };
}

// A small linear congruential generator: the same sequence each time.
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

for (const seed of [1, 2, 3]) {
  test(`after 300 random changes it is what it should be (seed ${seed})`, () => {
    const random = seeded(seed);
    const view = new View();
    const shown = new Map<string, readonly [Instance, Presence]>();
    for (let step = 0; step < 300; step++) {
      const changes = new Map<
        string,
        { instance: Instance; presence: Presence }
      >();
      for (let i = random(4); i >= 0; i--) {
        const id = `${random(12)}`;
        const services = ["x", "y", "z"].filter(() => random(2) === 0);
        const state = random(3) === 0 ? State.DRAINING : State.SERVING;
        const presence = (["here", "here", "suspect", "gone"] as const)[
          random(4)
        ];
        const one = instance({ id, name: "n", services, state });
        changes.set(id, { instance: one, presence: presence ?? "here" });
      }
      for (const [id, { instance: one, presence }] of changes) {
        if (presence === "gone") shown.delete(id);
        else shown.set(id, [one, presence]);
      }
      view.apply(changes.values());
      assert.deepEqual(show(view), expect(shown));
    }
  });
}

test("what changes nothing is said to change nothing", () => {
  const view = new View();
  const one = instance();
  assert.equal(view.apply([{ instance: one, presence: "gone" }]), false);
  assert.equal(view.apply([{ instance: one, presence: "here" }]), true);
  const before = view.snapshot("synced");
  assert.equal(view.apply([{ instance: one, presence: "here" }]), false);
  assert.equal(view.apply([]), false);
  assert.equal(view.snapshot("synced").instances, before.instances);
  assert.equal(view.apply([{ instance: one, presence: "suspect" }]), true);
  assert.equal(view.apply([{ instance: one, presence: "suspect" }]), false);
});
