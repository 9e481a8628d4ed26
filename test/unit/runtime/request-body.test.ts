// How a body reaches its reader, and when the caller may send more.

import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestBody } from "../../../runtime/request-body.ts";

/** A body, and how much of it was said to be dealt with. */
function setUp() {
  const it = { consumed: 0 };
  const body = new RequestBody({
    consume(bytes) {
      it.consumed += bytes;
    },
  });
  return Object.assign(it, { body });
}

/** A piece as it comes: part of a chunk of that size. */
function piece(text: string, chunkBytes = 0): Buffer {
  const chunk = Buffer.from(new ArrayBuffer(chunkBytes + text.length));
  chunk.write(text, chunkBytes);
  return chunk.subarray(chunkBytes);
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<string[]> {
  const pieces: string[] = [];
  for await (const bytes of body) pieces.push(Buffer.from(bytes).toString());
  return pieces;
}

test("Pieces arrive in their order, whoever was first, and an end after them.", async () => {
  const { body } = setUp();
  const first = body.next();
  body.push(piece("one"));
  assert.equal(String((await first).value), "one");
  body.push(piece("x".repeat(2_000)));
  body.push(piece("y".repeat(2_000)));
  body.complete();
  const rest = ["x".repeat(2_000), "y".repeat(2_000)];
  assert.deepEqual(await readAll(body), rest);
});

test("A piece is dealt with when its reader asks for the next one.", async () => {
  const it = setUp();
  it.body.push(piece("x".repeat(2_000)));
  it.body.push(piece("y".repeat(3_000)));
  assert.equal(it.consumed, 0);
  await it.body.next();
  assert.equal(it.consumed, 0);
  await it.body.next();
  assert.equal(it.consumed, 2_000);
  const last = it.body.next();
  assert.equal(it.consumed, 5_000);
  it.body.complete();
  assert.equal((await last).done, true);
});

test("Small pieces that wait become one, and large ones stay as they are.", async () => {
  const { body } = setUp();
  const large = piece("l".repeat(5_000));
  for (let i = 0; i < 3_000; i++) body.push(piece("s"));
  body.push(large);
  body.complete();
  const lengths = (await readAll(body)).map(({ length }) => length);
  assert.deepEqual(lengths, [1_024, 1_024, 952, 5_000]);
  const other = setUp().body;
  other.push(large);
  assert.equal((await other.next()).value, large);
});

test("A small piece does not keep the chunk alive that it came in.", async () => {
  for (const isAwaited of [true, false]) {
    const { body } = setUp();
    const reader = isAwaited ? body.next() : undefined;
    body.push(piece("small", 65_000));
    const { value } = await (reader ?? body.next());
    assert.equal(String(value), "small");
    assert.ok(value !== undefined && value.buffer.byteLength < 65_000);
  }
});

test("What nobody wants is dealt with at once, also what comes later.", async () => {
  const it = setUp();
  it.body.push(piece("x".repeat(2_000)));
  it.body.push(piece("y".repeat(2_000)));
  await it.body.next();
  await it.body.return();
  assert.equal(it.consumed, 4_000);
  it.body.push(piece("z".repeat(2_000)));
  assert.equal(it.consumed, 6_000);
  assert.equal((await it.body.next()).done, true);
});

test("Who waits for a piece of a body that nobody wants any more gets its end.", async () => {
  const { body } = setUp();
  const waiting = body.next();
  body.discard();
  assert.equal((await waiting).done, true);
});

test("A body that breaks off fails for its reader, in whatever it does, and loses what waits.", async () => {
  const reason = new Error("gone");
  const { body } = setUp();
  const waiting = body.next();
  body.fail(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(body.next(), reason);

  const other = setUp().body;
  other.push(piece("lost"));
  other.complete();
  other.fail(reason);
  await assert.rejects(other.next(), reason);
});
