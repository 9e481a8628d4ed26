// What observers of a directory hear, and what they do not.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createSnapshotFeed,
  type Snapshot,
} from "../../../../mesh/registry/index.ts";
import { instance } from "./support.ts";

function open() {
  const feed = createSnapshotFeed();
  const heard: Snapshot[] = [];
  feed.subscribe((snapshot) => heard.push(snapshot));
  return {
    feed,
    heard,
    freshness: () => heard.map(({ freshness }) => freshness),
  };
}

test("what says nothing new is not published", () => {
  const { feed, freshness } = open();
  feed.synced([instance({ id: "a" })]);
  feed.synced([instance({ id: "a" })]);
  feed.lost(new Error("away"));
  feed.lost(new Error("still away"));
  feed.synced([instance({ id: "a" })]);
  assert.deepEqual(freshness(), ["never", "synced", "stale", "synced"]);
});

test("a change of the version or of metadata alone is published", () => {
  const { feed, heard } = open();
  feed.synced([instance({ id: "a" })]);
  feed.synced([instance({ id: "a", version: "2" })]);
  feed.synced([instance({ id: "a", version: "2", metadata: { x: "y" } })]);
  assert.equal(heard.length, 4);
});

test("a registry that was never heard does not become stale", () => {
  const { feed, freshness } = open();
  feed.lost(new Error("away"));
  assert.deepEqual(freshness(), ["never"]);
});

test("what is known stays known when the registry goes away", () => {
  const { feed } = open();
  feed.synced([instance({ id: "a" })]);
  const { instances } = feed.snapshot;
  feed.lost(new Error("away"));
  assert.equal(feed.snapshot.freshness, "stale");
  assert.deepEqual(feed.snapshot.instances, instances);
  assert.ok(Object.isFrozen(feed.snapshot.instances));
});

test("a service that an instance lists twice counts once", () => {
  const { feed } = open();
  feed.synced([instance({ id: "a", services: ["x.v1.X", "x.v1.X"] })]);
  assert.equal(feed.snapshot.serving.get("x.v1.X")?.length, 1);
});
