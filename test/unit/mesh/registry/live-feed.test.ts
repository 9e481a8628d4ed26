// When observers are told what: at once, or together with others.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  encodeInstance,
  type Instance,
  State,
} from "../../../../core/index.ts";
import { LiveFeed } from "../../../../mesh/registry/live-feed.ts";
import { instance } from "./support.ts";

const GUARD = { windowMs: 10_000, graceMs: 60_000, allowance: 3, ratio: 0.3 };

// A feed, what is heard of it, and a clock that stands still.
function open(context: TestContext, gatherMs = 20) {
  context.mock.timers.enable({ apis: ["setTimeout", "setImmediate"] });
  const feed = new LiveFeed({ guard: GUARD, gatherMs });
  const known = new Map<string, { instance: Instance; value: string }>();
  const heard: string[] = [];
  feed.subscribe(({ freshness, instances }) => {
    const all = instances.map(({ id, version }) => id + version);
    heard.push(`${freshness} ${all.join(" ")}`.trim());
  });
  const toChange = (id: string, one: Instance | undefined) => {
    const before = known.get(id);
    const after = one && { instance: one, value: encodeInstance(one) };
    if (after) known.set(id, after);
    else known.delete(id);
    return { key: id, before, after };
  };
  return {
    feed,
    heard,
    come: (id: string, fields: Parameters<typeof instance>[0] = {}) =>
      feed.changed([toChange(id, instance({ id, ...fields }))]),
    leave: (id: string) => feed.changed([toChange(id, undefined)]),
    pass: (ms: number) => context.mock.timers.tick(ms),
    synced: () => feed.synced([]),
  };
}

test("additions, and changes, are gathered for no longer than 20 ms", (t) => {
  const { heard, come, pass, synced } = open(t);
  synced();
  come("a");
  pass(10);
  come("b");
  come("a", { version: "2" });
  pass(9);
  assert.deepEqual(heard, ["never", "synced"]);
  pass(1);
  assert.deepEqual(heard, ["never", "synced", "synced a2 b"]);
  pass(100);
  assert.equal(heard.length, 3);
});

for (const [what, fields] of [
  ["leaves", undefined],
  ["announces to leave", { state: State.DRAINING }],
  ["gives up a service", { services: [] as string[] }],
] as const) {
  test(`that an instance ${what} is told at once, with what was gathered`, (t) => {
    const { heard, come, leave, pass, synced } = open(t);
    come("a");
    come("c");
    synced();
    come("b");
    if (fields === undefined) leave("a");
    else come("a", fields);
    pass(0);
    const left = fields === undefined ? "b c" : "a b c";
    assert.deepEqual(heard, ["never", "synced a c", `synced ${left}`]);
    pass(100);
    assert.equal(heard.length, 3);
  });
}

test("departures of one turn of the event loop are told together", (t) => {
  const { heard, come, leave, pass, synced } = open(t);
  for (const id of ["a", "b", "c", "d"]) come(id);
  synced();
  leave("a");
  leave("b");
  pass(0);
  assert.deepEqual(heard.slice(1), ["synced a b c d", "synced c d"]);
});

test("what came and went before it was told is not told", (t) => {
  const { heard, come, leave, pass, synced } = open(t);
  synced();
  come("a");
  leave("a");
  pass(100);
  assert.deepEqual(heard, ["never", "synced"]);
});

test("what was gathered is told when the registry is lost", (t) => {
  const { feed, heard, come, pass, synced } = open(t);
  synced();
  come("a");
  feed.lost(new Error("away"));
  feed.lost(new Error("still away"));
  pass(100);
  assert.deepEqual(heard, ["never", "synced", "stale a"]);
});

test("a registry that was never heard does not become stale", (t) => {
  const { feed, heard } = open(t);
  feed.lost(new Error("away"));
  assert.deepEqual(heard, ["never"]);
});

test("what was recalled is stale since then, until the registry is heard", (t) => {
  const { feed, heard } = open(t);
  const one = instance({ id: "a" });
  const after = { instance: one, value: encodeInstance(one) };
  feed.recall([{ key: "a", before: undefined, after }], -5);
  assert.equal(feed.snapshot.staleSinceMs, -5);
  feed.lost(new Error("away"));
  feed.synced([]);
  assert.deepEqual(heard, ["never", "stale a", "synced a"]);
});

test("a closed feed tells nothing any more", (t) => {
  const { feed, heard, come, pass, synced } = open(t);
  synced();
  come("a");
  feed.close();
  pass(100);
  assert.deepEqual(heard, ["never", "synced"]);
});
