// Tests wire/stream-ids.ts: which ids were never used, which we reset lately,
// and that remembering it has bounds.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StreamIds } from "../../../wire/stream-ids.ts";

describe("the ids of a server", () => {
  test("are even, those of its peer odd", () => {
    const ids = new StreamIds(true);
    assert.equal(ids.next, 2);
    assert.deepEqual(
      [1, 2, 3, 4].map((id) => ids.isPeers(id)),
      [true, false, true, false],
    );
  });

  test("are idle until the peer opens them", () => {
    const ids = new StreamIds(true);
    assert.equal(ids.isIdle(1), true);
    ids.noteOpened(1);
    ids.noteOpened(3);
    assert.deepEqual(
      [1, 2, 3, 4, 5].map((id) => ids.isIdle(id)),
      [false, true, false, true, true],
    );
    assert.equal(ids.lastPeer, 3);
  });

  test("that the peer skipped were never open", () => {
    const ids = new StreamIds(true);
    for (const id of [5, 7, 13]) ids.noteOpened(id);
    const odd = [1, 3, 5, 7, 9, 11, 13, 15];
    const idle = odd.filter((id) => ids.isIdle(id));
    assert.deepEqual(idle, [1, 3, 9, 11, 15]);
  });

  test("that the peer skipped are remembered a hundred times, not more", () => {
    const ids = new StreamIds(true);
    for (let i = 0; i < 101; i++) ids.noteOpened(3 + 4 * i);
    assert.equal(ids.isIdle(1), true);
    assert.equal(ids.isIdle(1 + 4 * 99), true);
    assert.equal(ids.isIdle(1 + 4 * 100), false);
    assert.equal(ids.isIdle(3 + 4 * 100), false);
    assert.equal(ids.isIdle(5 + 4 * 100), true);
  });
});

test("the ids of a client are odd, and idle from the next one on", () => {
  const ids = new StreamIds(false);
  assert.equal(ids.next, 1);
  ids.next = 5;
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7].map((id) => ids.isIdle(id)),
    [false, true, false, true, true, true, true],
  );
  assert.equal(ids.isPeers(2), true);
  assert.equal(ids.isPeers(1), false);
});

describe("a stream that we reset", () => {
  test("is remembered", () => {
    const ids = new StreamIds(true);
    assert.equal(ids.wasReset(1), false);
    ids.noteReset(1);
    assert.equal(ids.wasReset(1), true);
    assert.equal(ids.wasReset(3), false);
  });

  test("is not told from others when 1,000 were reset after it", () => {
    const ids = new StreamIds(true);
    const idAt = (i: number) => 2 * i + 1;
    for (let i = 0; i < 1_000; i++) ids.noteReset(idAt(i));
    assert.equal(ids.wasReset(idAt(0)), true);
    ids.noteReset(idAt(1_000));
    // In doubt, every stream before it counts as one.
    assert.equal(ids.wasReset(idAt(0)), true);
    assert.equal(ids.wasReset(idAt(2_000)), false);
    assert.equal(ids.wasReset(idAt(1)), true);
    assert.equal(ids.wasReset(idAt(1_000)), true);
  });
});
