// Tests wire/output.ts on a stream that isn't a socket: what is gathered and
// when it is written, and that there is one write at a time.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { SLOW_WRITE_BYTES } from "../../../wire/output.ts";
import { SLAB_BYTES } from "../../../wire/slab-pool.ts";
import { createOutput, pattern } from "./written-output.ts";

describe("an output writes", () => {
  test("numbers and frame headers as the RFC has them", () => {
    const { output, stream } = createOutput();
    output.frame(0x123456, 0x8, 0x25, 0x7fff_fffe);
    output.uint32(0xdeadbeef);
    output.uint16(0xcafe);
    output.copy(Buffer.from("_abc_"), 1, 4);
    output.flush();
    const hex = "1234560825" + "7ffffffe" + "deadbeef" + "cafe" + "616263";
    assert.equal(stream.bytes.toString("hex"), hex);
  });

  test("once at the end of the turn, whatever was said in it", async () => {
    const { output, stream, stats } = createOutput();
    for (let i = 0; i < 100; i++) output.uint32(i);
    assert.equal(stream.chunks.length, 0);
    await nextTurn();
    assert.equal(stream.chunks.length, 1);
    assert.equal(stats.socketWrites, 1);
    assert.equal(stats.bytesSent, 400);
    output.uint32(1);
    await nextTurn();
    assert.equal(stream.chunks.length, 2);
    await nextTurn();
    assert.equal(stats.socketWrites, 2);
  });

  test("nothing when there is nothing", async () => {
    const { output, stats } = createOutput();
    output.flush();
    output.copy(Buffer.alloc(0), 0, 0);
    output.push(Buffer.alloc(0), 0, 0);
    await nextTurn();
    assert.equal(stats.socketWrites, 0);
  });

  test("what is larger than a slab", () => {
    const { output, stream } = createOutput();
    const large = pattern(3 * SLAB_BYTES + 5);
    output.uint16(1);
    output.copy(large, 0, large.length);
    output.uint16(2);
    output.flush();
    const two = Buffer.of(0, 2);
    assert.ok(
      stream.bytes.equals(Buffer.concat([Buffer.of(0, 1), large, two])),
    );
  });

  test("what it copied as it was", () => {
    const { output, stream } = createOutput();
    const large = pattern(10_000);
    const small = pattern(10);
    output.copy(small, 0, 10);
    output.push(large, 100, 10_000);
    const expected = Buffer.concat([small, large.subarray(100)]);
    small.fill(0);
    large.fill(0);
    output.flush();
    // Not a socket: it may keep what it is given, so all was copied.
    assert.ok(stream.bytes.equals(expected));
  });
});

describe("a stream that isn't a socket", () => {
  test("may keep what it was given, whatever is written later", () => {
    const first = createOutput();
    first.output.copy(pattern(20_000), 0, 20_000);
    first.output.flush();
    for (let seed = 2; seed < 10; seed++) {
      const { output } = createOutput();
      output.copy(pattern(20_000, seed), 0, 20_000);
      output.flush();
    }
    assert.ok(first.stream.bytes.equals(pattern(20_000)));
  });
});

describe("while a write is under way", () => {
  test("there is no other, and what is said meanwhile comes next", async () => {
    const { output, stream, stats, ...rest } = createOutput();
    stream.isSlow = true;
    output.uint32(1);
    await nextTurn();
    for (let i = 2; i <= 5; i++) {
      output.uint32(i);
      await nextTurn();
      output.flush();
    }
    assert.equal(stream.chunks.length, 1);
    assert.equal(output.inFlightBytes, 4);
    assert.equal(output.queuedBytes, 20);
    assert.equal(rest.drained, 0);
    stream.takeChunk();
    await nextTurn();
    await nextTurn();
    assert.equal(stream.chunks.length, 2);
    assert.equal(stats.socketWrites, 2);
    assert.equal(stream.bytes.toString("hex").match(/.{8}/g)?.length, 5);
    assert.equal(output.bytesWritten, 4);
    assert.equal(output.queuedBytes, 16);
  });

  test("who takes little is given 64 KiB at a time", async () => {
    const { output, stream } = createOutput();
    stream.isSlow = true;
    output.uint32(0);
    await nextTurn();
    const large = pattern(5 * SLAB_BYTES);
    output.copy(large, 0, large.length);
    stream.takeChunk();
    const sizes: number[] = [];
    for (let turns = 0; turns < 50 && output.queuedBytes > 0; turns++) {
      await nextTurn();
      if (!stream.isWaiting) continue;
      assert.equal(stream.writableLength, output.inFlightBytes);
      sizes.push(output.inFlightBytes);
      while (stream.isWaiting) stream.takeChunk();
    }
    assert.deepEqual(sizes, [SLOW_WRITE_BYTES, SLAB_BYTES]);
    assert.ok(stream.bytes.subarray(4).equals(large));
  });

  test("who takes all at once again is given all at once again", async () => {
    const { output, stream, stats } = createOutput();
    stream.isSlow = true;
    output.uint32(0);
    await nextTurn();
    stream.isSlow = false;
    stream.takeChunk();
    await nextTurn();
    output.uint32(1);
    await nextTurn();
    const before = stats.socketWrites;
    output.copy(pattern(5 * SLAB_BYTES), 0, 5 * SLAB_BYTES);
    await nextTurn();
    assert.equal(stats.socketWrites, before + 1);
    assert.equal(output.queuedBytes, 0);
  });

  test("its control frames count, and no longer than it takes", async () => {
    const { output, stream } = createOutput();
    stream.isSlow = true;
    for (let turns = 0; turns < 100; turns++) {
      output.uint32(0);
      output.queuedControlFrames += 3;
      await nextTurn();
      assert.ok(output.queuedControlFrames >= 3);
      output.uint32(0);
      stream.takeChunk();
      await nextTurn();
      // There is always something that waits.
      assert.ok(output.queuedBytes > 0);
      assert.ok(output.queuedControlFrames <= 4 * 3);
    }
  });

  test("and when nothing waits, no control frame does", async () => {
    const { output } = createOutput();
    output.uint32(0);
    output.queuedControlFrames = 3;
    await nextTurn();
    assert.equal(output.queuedBytes, 0);
    assert.equal(output.queuedControlFrames, 0);
  });
});

describe("whoever waits for room is told", () => {
  test("at once when all is taken at once", async () => {
    const test = createOutput();
    test.output.uint32(0);
    await nextTurn();
    assert.equal(test.drained, 1);
  });

  test("when a slow write is taken, and not before", async () => {
    const test = createOutput();
    test.stream.isSlow = true;
    test.output.uint32(0);
    await nextTurn();
    assert.equal(test.drained, 0);
    test.stream.takeChunk();
    await nextTurn();
    assert.equal(test.drained, 1);
  });
});

describe("an error of whoever is told", () => {
  const error = new Error("a handler's");
  const throwing = () => {
    const test = createOutput();
    test.onDrained = () => {
      throw error;
    };
    return test;
  };

  test("goes to the output's owner, and no other output waits for it", async () => {
    const [bad, good] = [throwing(), createOutput()];
    bad.output.uint32(1);
    good.output.uint32(2);
    await nextTurn();
    assert.deepEqual(bad.faults, [error]);
    assert.equal(good.stream.bytes.toString("hex"), "00000002");
    assert.deepEqual(good.faults, []);
  });

  test("goes there as well when a slow write is taken", async () => {
    const { output, stream, faults } = throwing();
    stream.isSlow = true;
    output.uint32(1);
    await nextTurn();
    stream.takeChunk();
    await nextTurn();
    assert.deepEqual(faults, [error]);
  });
});
