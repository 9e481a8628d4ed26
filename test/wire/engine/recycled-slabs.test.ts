// Bytes on their way lie in buffers that all connections share and use again.
// Each stream must get its own bytes all the same, whoever reads slowly, gives
// up, or breaks off.

import assert from "node:assert/strict";
import { it } from "node:test";
import {
  createHeaderBlock,
  ErrorCode,
  edgeLimits,
  keepBytes,
  resolveLimits,
  type Stream,
  type StreamHandler,
} from "../../../wire/index.ts";
import { Random } from "../../support/random.ts";
import {
  type Client,
  connectClient,
  requestOf,
  startServer,
  turnsUntil,
} from "./duo.ts";

const OK = createHeaderBlock([[":status", "200"]]);
const CONNECTIONS = 6;
const STREAMS = 12;
const BODY_BYTES = 400_000;

/** No two streams have the same bytes at the same place. */
function byteAt(seed: number, at: number): number {
  return (Math.imul(seed * 2_654_435_761 + (at >>> 8), 40_503) >>> 7) ^ at;
}

function pattern(seed: number, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(to - from);
  for (let at = from; at < to; at++) bytes[at - from] = byteAt(seed, at);
  return bytes;
}

/** Sends a pattern in pieces of all sizes, and checks the echo. */
class Caller implements StreamHandler {
  readonly #seed: number;
  readonly #random: Random;
  #sentBytes = 0;
  receivedBytes = 0;
  isDone = false;
  /** Received, not consumed yet. */
  owedBytes = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new Random(seed);
  }

  /** Send until something has to wait. */
  send(stream: Stream): void {
    const random = this.#random;
    while (!stream.closed && !stream.localEnded && stream.queuedBytes === 0) {
      const most = random.pick([10, 1_000, 5_000, 60_000]);
      const end = Math.min(
        this.#sentBytes + 1 + random.below(most),
        BODY_BYTES,
      );
      const piece = pattern(this.#seed, this.#sentBytes, end);
      this.#sentBytes = end;
      stream.write(piece, end === BODY_BYTES);
    }
  }

  onData(stream: Stream, data: Buffer) {
    const from = this.receivedBytes;
    this.receivedBytes += data.length;
    const expected = pattern(this.#seed, from, this.receivedBytes);
    assert.ok(data.equals(expected), `${this.#seed}: wrong after ${from}`);
    this.owedBytes += data.length;
    if (this.#random.chance(0.7)) this.consume(stream);
    if (this.#random.chance(0.001)) stream.reset(ErrorCode.cancel);
  }

  consume(stream: Stream): void {
    stream.consume(this.owedBytes);
    this.owedBytes = 0;
  }

  onTrailers() {}

  onSent(stream: Stream) {
    this.send(stream);
  }

  onClose() {
    this.isDone = true;
  }
}

/** Gives back what it gets, at the pace at which it is taken. */
const echo: StreamHandler = {
  onData(stream, data, endStream) {
    const before = stream.queuedBytes;
    // Both are allowed: to pass it on as it is, and to keep it.
    stream.write(stream.id % 4 === 1 ? keepBytes(data) : data, endStream);
    stream.consume(data.length - (stream.queuedBytes - before));
  },
  onTrailers() {},
  onSent: (stream, bytes) => stream.consume(bytes),
  onClose() {},
};

/** Stop reading for a while, and break some connections off. */
async function disturb(
  clients: readonly Client[],
  random: Random,
): Promise<void> {
  for (const { socket } of clients) {
    if (random.chance(0.3)) socket.pause();
    else socket.resume();
  }
  if (random.chance(0.02)) clients[0]?.socket.destroy();
  await new Promise(setImmediate);
}

for (let seed = 1; seed <= 4; seed++) {
  it(`each stream gets its own bytes (seed ${seed})`, async () => {
    const random = new Random(seed);
    const limits = resolveLimits(edgeLimits, { streamWindowBytes: 100_000 });
    const options = { limits };
    await using server = await startServer(({ stream }) => {
      stream.handler = echo;
      stream.respond(OK);
    }, options);
    const clients: Client[] = [];
    const calls: { stream: Stream; caller: Caller }[] = [];
    using all = new DisposableStack();
    for (let i = 0; i < CONNECTIONS; i++) {
      const client = all.use(connectClient(server.port, options));
      clients.push(client);
      for (let k = 0; k < STREAMS; k++) {
        const caller = new Caller(seed * 1_000 + i * STREAMS + k);
        const stream = client.connection.request(requestOf("/"), false, caller);
        assert.ok(stream);
        calls.push({ stream, caller });
        caller.send(stream);
      }
    }
    await turnsUntil("all are done", () => {
      void disturb(clients, random);
      for (const { stream, caller } of calls)
        if (!stream.closed && random.chance(0.3)) caller.consume(stream);
      return calls.every(({ caller }) => caller.isDone);
    });
    const complete = calls.filter(
      ({ stream, caller }) =>
        stream.closedBy === "end" && caller.receivedBytes === BODY_BYTES,
    );
    assert.ok(complete.length > calls.length / 3, `${complete.length}`);
  });
}
