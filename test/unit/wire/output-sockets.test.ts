// Tests wire/output.ts on real sockets: what is large is passed on by
// reference, and nothing that a slow reader gets was written over by what came
// later, on its own connection or another one.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Output, type OutputOwner } from "../../../wire/output.ts";
import { createStats } from "../../../wire/stats.ts";

/** So much waits only when the system takes no more. */
const MANY = 500_000;

/** A pair of connected sockets. */
async function connectPair() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  const left = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [right] = (await accepted) as [Socket];
  if (left.connecting) await once(left, "connect");
  server.close();
  return {
    left,
    right,
    [Symbol.dispose]() {
      left.destroy();
      right.destroy();
    },
  };
}

/** Read so many bytes. */
async function read(socket: Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= length) break;
  }
  return Buffer.concat(chunks);
}

/** A source of numbers that a seed decides. */
function createRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const random = createRandom(1);
const CYCLE = Buffer.from(Array.from({ length: 999_983 }, () => random(256)));

/** Bytes that a seed decides: each is where it must be, or it isn't. */
class Bytes {
  #at: number;

  constructor(seed: number) {
    this.#at = (seed * 99_991) % CYCLE.length;
  }

  take(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let filled = 0; filled < length; ) {
      const step = Math.min(length - filled, CYCLE.length - this.#at);
      CYCLE.copy(bytes, filled, this.#at, this.#at + step);
      filled += step;
      this.#at = (this.#at + step) % CYCLE.length;
    }
    return bytes;
  }
}

const owner: OutputOwner = { onDrained() {}, onFault: assert.ifError };

describe("a payload is", () => {
  const table: [length: number, how: "a copy" | "a reference"][] = [
    [4_095, "a copy"],
    [4_096, "a reference"],
    [100_000, "a reference"],
  ];
  for (const [length, how] of table) {
    test(`${how} of ${length} bytes that are pushed`, async () => {
      using pair = await connectPair();
      const output = new Output(pair.left, createStats(), owner);
      const bytes = Buffer.alloc(length + 2, "a");
      output.frame(length, 0, 0, 1);
      output.push(bytes, 1, length + 1);
      bytes.fill("b");
      const received = await read(pair.right, 9 + length);
      const letter = how === "a copy" ? "a" : "b";
      assert.equal(received.length, 9 + length);
      assert.ok(received.subarray(9).equals(Buffer.alloc(length, letter)));
    });
  }

  test("always a copy when it is to be overwritten", async () => {
    using pair = await connectPair();
    const output = new Output(pair.left, createStats(), owner);
    const bytes = Buffer.alloc(100_000, "a");
    output.copy(bytes, 0, 100_000);
    bytes.fill("b");
    const received = await read(pair.right, 100_000);
    assert.ok(received.equals(Buffer.alloc(100_000, "a")));
  });
});

/** Say pieces of all sizes, some by reference, until so much is said. */
async function talk(output: Output, seed: number, total: number) {
  const bytes = new Bytes(seed);
  const below = createRandom(seed);
  let said = 0;
  while (said < total) {
    const scale = [20, 300, 5_000, 40_000][below(4)] ?? 1;
    const length = Math.min(1 + below(scale), total - said);
    const piece = bytes.take(length);
    said += length;
    if (below(2) === 0) {
      output.push(piece, 0, length);
    } else {
      output.copy(piece, 0, length);
      // It may be overwritten as soon as copy() returns.
      piece.fill(0);
    }
    // Bounded by who reads, like everything else.
    while (output.queuedBytes > 1 << 20) await nextTurn();
    if (below(4) === 0) await nextTurn();
  }
}

/** Check what comes, resting now and then so that the buffers fill up. */
async function listen(socket: Socket, seed: number, total: number) {
  const bytes = new Bytes(seed);
  const below = createRandom(seed);
  let received = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    const expected = bytes.take(chunk.length);
    assert.ok(chunk.equals(expected), `wrong after ${received} bytes`);
    received += chunk.length;
    if (received === total) break;
    for (let turns = below(40); turns > 30; turns--) await nextTurn();
  }
  assert.equal(received, total);
}

test("what many connections say arrives as it was said, however slowly it is read", async () => {
  const waited: boolean[] = [];
  const transfer = async (seed: number, total: number) => {
    using pair = await connectPair();
    const stats = createStats();
    const output = new Output(pair.left, stats, owner);
    const reading = async () => {
      // Some begin late: all the buffers in between are full.
      const isLate = seed <= 2;
      while (isLate && output.queuedBytes < MANY && stats.bytesSent < total)
        await nextTurn();
      if (isLate) waited.push(output.queuedBytes >= MANY);
      await listen(pair.right, seed, total);
    };
    await Promise.all([talk(output, seed, total), reading()]);
  };
  const sizes = [20, 20, 4, 4, 4, 4].map((mebibytes) => mebibytes << 20);
  await Promise.all(sizes.map((total, i) => transfer(i + 1, total)));
  assert.ok(waited.includes(true), "nobody had to wait: too little was said");
});

test("the end comes after all that waits for a reader who begins late", async () => {
  using pair = await connectPair();
  const output = new Output(pair.left, createStats(), owner);
  const bytes = new Bytes(7).take(16 << 20);
  output.push(bytes, 0, bytes.length);
  await nextTurn();
  assert.ok(output.queuedBytes > 0);
  output.copy(bytes, 0, 100_000);
  output.end();
  const received = await read(pair.right, Number.POSITIVE_INFINITY);
  assert.equal(received.length, bytes.length + 100_000);
  assert.ok(received.subarray(0, bytes.length).equals(bytes));
  assert.ok(received.subarray(bytes.length).equals(bytes.subarray(0, 100_000)));
});
