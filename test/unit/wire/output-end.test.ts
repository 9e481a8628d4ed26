// Tests wire/output.ts on a stream that isn't a socket: what becomes of what
// waits when the connection ends, politely or not.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createOutput, pattern } from "./written-output.ts";

describe("the end", () => {
  test("comes after all that was said", async () => {
    const { output, stream } = createOutput();
    output.copy(pattern(100_000), 0, 100_000);
    output.end();
    await once(stream, "finish");
    assert.ok(stream.bytes.equals(pattern(100_000)));
  });

  test("waits for a stream that takes little", async () => {
    const { output, stream } = createOutput();
    stream.isSlow = true;
    output.uint32(7);
    await nextTurn();
    output.copy(pattern(100_000), 0, 100_000);
    output.end();
    for (let turns = 0; turns < 50 && !stream.isFinished; turns++) {
      assert.equal(stream.isFinished, false);
      stream.takeChunk();
      await nextTurn();
    }
    assert.equal(stream.isFinished, true);
    assert.ok(stream.bytes.subarray(4).equals(pattern(100_000)));
  });

  test("comes at once when nothing was said", async () => {
    const { output, stream } = createOutput();
    output.end();
    await once(stream, "finish");
    assert.equal(stream.chunks.length, 0);
  });
});

describe("what is cleared", () => {
  test("is never written", async () => {
    const { output, stream } = createOutput();
    output.copy(pattern(100_000), 0, 100_000);
    output.clear();
    assert.equal(output.queuedBytes, 0);
    await nextTurn();
    assert.equal(stream.chunks.length, 0);
    output.uint32(9);
    await nextTurn();
    assert.equal(stream.bytes.toString("hex"), "00000009");
  });

  test("leaves the write under way alone, and the counts at nothing", async () => {
    const { output, stream, stats } = createOutput();
    stream.isSlow = true;
    output.copy(pattern(1_000), 0, 1_000);
    output.queuedControlFrames = 2;
    await nextTurn();
    output.copy(pattern(1_000), 0, 1_000);
    output.clear();
    stream.takeChunk();
    await nextTurn();
    assert.ok(stream.bytes.equals(pattern(1_000)));
    assert.deepEqual(
      [output.queuedBytes, output.inFlightBytes, output.queuedControlFrames],
      [0, 0, 0],
    );
    assert.ok(stats.bytesSent <= 1_000);
  });

  test("is everything, when the stream is gone", async () => {
    const { output, stream, stats } = createOutput();
    stream.destroy();
    output.uint32(1);
    await nextTurn();
    assert.equal(output.queuedBytes, 0);
    assert.equal(stats.socketWrites, 0);
  });
});
