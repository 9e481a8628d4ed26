// The turn of round robin, as a table: who may be chosen, and who is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createInstance } from "../../../../core/index.ts";
import { createRoundRobin } from "../../../../mesh/balancer/index.ts";

// "a b" stands for two candidates, in this order.
function candidates(set: string) {
  return set
    .split(" ")
    .filter((id) => id !== "")
    .map((id) => ({
      instance: createInstance({ name: "greeter", id }),
      inFlight: 0,
    }));
}

// The candidates at each pick, and the one that is expected.
const table: readonly (readonly [
  name: string,
  ...[set: string, id: string][],
])[] = [
  ["nobody to choose from", ["", ""]],
  ["one alone", ["a", "a"], ["a", "a"]],
  [
    "a set that stays, exactly in turn",
    ["a b c", "a"],
    ["a b c", "b"],
    ["a b c", "c"],
    ["a b c", "a"],
    ["a b c", "b"],
    ["a b c", "c"],
  ],
  [
    "a newcomer at the end gets its turn",
    ["a b", "a"],
    ["a b c", "b"],
    ["a b c", "c"],
    ["a b c", "a"],
  ],
  [
    "a newcomer at the front does not get the turn of others",
    ["b c", "b"],
    ["a b c", "c"],
    ["a b c", "a"],
    ["a b c", "b"],
  ],
  [
    "the one that had its turn leaves: its follower is next",
    ["a b c", "a"],
    ["a b c", "b"],
    ["a c", "c"],
    ["a c", "a"],
  ],
  [
    "the last one leaves after its turn: the first is next",
    ["a b c", "a"],
    ["a b c", "b"],
    ["a b c", "c"],
    ["a b", "a"],
  ],
  [
    "the one that would be next leaves: the one behind it is next",
    ["a b c", "a"],
    ["a c", "c"],
    ["a c", "a"],
  ],
  [
    "one that had its turn before leaves: the turn stays",
    ["a b c d", "a"],
    ["a b c d", "b"],
    ["b c d", "c"],
    ["b c d", "d"],
    ["b c d", "b"],
  ],
  [
    "everybody leaves, and others come",
    ["a b", "a"],
    ["", ""],
    ["c d", "c"],
    ["c d", "d"],
  ],
  [
    "the set shrinks to less than the turn had reached",
    ["a b c d", "a"],
    ["a b c d", "b"],
    ["a b c d", "c"],
    ["x", "x"],
    ["x", "x"],
  ],
];

for (const [name, ...picks] of table) {
  test(`round robin: ${name}`, () => {
    const policy = createRoundRobin({ random: () => 0 });
    const picked = picks.map(
      ([set]) => policy.pick(candidates(set))?.instance.id ?? "",
    );
    assert.deepEqual(
      picked,
      picks.map(([, id]) => id),
    );
  });
}

test("round robin: two names may use the same id", () => {
  const policy = createRoundRobin({ random: () => 0 });
  const set = ["x", "y"].map((name) => ({
    instance: createInstance({ name, id: "1" }),
    inFlight: 0,
  }));
  const picked = [1, 2, 3].map(() => policy.pick(set)?.instance.name);
  assert.deepEqual(picked, ["x", "y", "x"]);
});

test("round robin: the first pick may be anybody, the rest follow", () => {
  for (const [random, expected] of [
    [0, "abca"],
    [0.34, "bcab"],
    [0.99, "cabc"],
  ] as const) {
    const policy = createRoundRobin({ random: () => random });
    const set = candidates("a b c");
    const picked = [1, 2, 3, 4].map(() => policy.pick(set)?.instance.id);
    assert.equal(picked.join(""), expected);
  }
});

test("round robin: while one comes and goes, the others share equally", () => {
  const policy = createRoundRobin({ random: () => 0 });
  const counts = new Map<string | undefined, number>();
  for (let i = 0; i < 300; i++) {
    const set = candidates(i % 2 === 0 ? "a b c d" : "a b c");
    const id = policy.pick(set)?.instance.id;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const shares = ["a", "b", "c"].map((id) => counts.get(id) ?? 0);
  assert.ok(Math.max(...shares) - Math.min(...shares) <= 1, String(shares));
});
