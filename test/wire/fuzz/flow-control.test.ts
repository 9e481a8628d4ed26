// Our client and our server, many streams, large bodies both ways, windows of
// all sizes, readers of all speeds. Every byte arrives, in order; memory is
// bounded by the windows; nothing gets stuck; no stream starves.
//
// PORTOLAN_FUZZ_SEED sets the first round's seed, PORTOLAN_FUZZ_ROUNDS how many
// there are.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type ClientConnection,
  type Connection,
  createClientConnection,
  createHeaderBlock,
  createServerConnection,
  edgeLimits,
  type Limits,
  resolveLimits,
} from "../../../wire/index.ts";
import { Random } from "../../support/random.ts";
import { createMemoryPair } from "./memory-pair.ts";
import { Transfer, type TransferOptions } from "./transfer.ts";

const SEED = Number(process.env["PORTOLAN_FUZZ_SEED"] ?? 1);
const ROUNDS = Number(process.env["PORTOLAN_FUZZ_ROUNDS"] ?? 40);

const DEFAULT_WINDOW_BYTES = 65_535;
/** What may be on its way to a socket, with a frame and some answers more. */
const MAX_OUTPUT_BYTES = (256 << 10) + (64 << 10);
/** Turns of the event loop without a byte: it is stuck. */
const STUCK_TURNS = 2_000;

const REQUEST = createHeaderBlock([
  [":method", "POST"],
  [":scheme", "http"],
  [":authority", "test"],
  [":path", "/"],
]);
const ANSWER = createHeaderBlock([[":status", "200"]]);

/** Budgets are somebody else's test: a window of one byte violates them. */
const patient: Partial<Limits> = {
  windowUpdateFactor: 1e6,
  smallDataBudgetBytes: 1e9,
  maxQueuedControlFrames: 1e6,
};

/** A client and a server of ours, connected. */
class Duo {
  readonly client: ClientConnection;
  readonly server: Connection;
  readonly transfers: Transfer[] = [];
  #reason = "";

  /** `answer` makes the server's side of a stream. */
  constructor(
    limits: readonly [Limits, Limits],
    answer: () => TransferOptions,
  ) {
    const [left, right] = createMemoryPair();
    const onClose = (_code: number, reason: string) => {
      this.#reason ||= reason;
    };
    this.server = createServerConnection(right, {
      onRequest: (stream) => {
        stream.respond(ANSWER);
        this.#add(answer()).begin(stream);
      },
      limits: limits[1],
      onClose,
    });
    this.client = createClientConnection(left, { limits: limits[0], onClose });
  }

  request(options: TransferOptions) {
    const transfer = this.#add(options);
    const stream = this.client.request(REQUEST, false, transfer);
    assert.ok(stream !== undefined);
    transfer.begin(stream);
  }

  /** Go on until all is done, or `until` says so. */
  async run(until = () => false) {
    let moved = -1;
    let quietTurns = 0;
    while (!until() && this.transfers.some(({ code }) => code === undefined)) {
      for (const transfer of this.transfers) transfer.act();
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(this.#reason, "");
      this.#checkMemory();
      const total = this.transfers.reduce((n, t) => n + t.receivedBytes, 0);
      quietTurns = total === moved ? quietTurns + 1 : 0;
      moved = total;
      if (quietTurns > STUCK_TURNS) assert.fail(this.#describe());
    }
  }

  close() {
    this.client.close();
    this.server.close();
  }

  #add(options: TransferOptions): Transfer {
    const transfer = new Transfer(options);
    this.transfers.push(transfer);
    return transfer;
  }

  #checkMemory() {
    for (const connection of [this.client, this.server]) {
      const { queuedBytes, receiveWindow } = connection.snapshot();
      assert.ok(queuedBytes <= MAX_OUTPUT_BYTES, `${queuedBytes} bytes wait`);
      assert.ok(receiveWindow >= 0);
    }
  }

  #describe(): string {
    const sides = [this.client.snapshot(), this.server.snapshot()];
    return `stuck: ${JSON.stringify(sides, null, 1)}`;
  }
}

/** Bodies of random sizes, some of them large. */
function randomBytes(random: Random): number {
  return random.below(random.pick([2, 1_000, 100_000, 1 << 20]));
}

async function runRound(seed: number) {
  const random = new Random(seed);
  const newLimits = () =>
    resolveLimits(edgeLimits, {
      ...patient,
      streamWindowBytes: 1 + random.below(random.pick([100, 70_000, 1 << 19])),
      connectionWindowBytes: 65_535 + random.below(random.pick([1, 1 << 20])),
      maxQueuedBytes: random.pick([65_536, 1 << 20]),
    });
  const limits = [newLimits(), newLimits()] as const;
  const count = 1 + random.below(random.pick([3, 120]));
  // A window of some bytes takes a turn of the loop for each.
  const [small] = limits
    .map(({ streamWindowBytes }) => streamWindowBytes)
    .sort((a, b) => a - b);
  const most = Math.max(2, Math.min((small ?? 1) * 500, 8e6 / count));
  const newBytes = () => Math.min(randomBytes(random), most | 0);
  const newOptions = (at: number, send: number, receive: number) => ({
    ...{ sendBytes: send, receiveBytes: receive },
    pieceBytes: random.pick([100, 5_000, 70_000, 1 << 20]),
    consumeBytes: random.pick([Number.POSITIVE_INFINITY, 5_000, 100_000]),
    windowBytes: Math.max(
      limits[at]?.streamWindowBytes ?? 0,
      DEFAULT_WINDOW_BYTES,
    ),
  });
  const answers: TransferOptions[] = [];
  const duo = new Duo(limits, () => {
    const options = answers.shift();
    assert.ok(options !== undefined);
    return options;
  });
  for (let i = 0; i < count; i++) {
    const [up, down] = [newBytes(), newBytes()];
    answers.push(newOptions(1, down, up));
    duo.request(newOptions(0, up, down));
  }
  await duo.run();
  assert.equal(duo.transfers.length, 2 * count);
  assert.ok(duo.transfers.every(({ code }) => code === 0));
  assert.equal(duo.client.openStreams + duo.server.openStreams, 0);
  duo.close();
}

it("carries every byte in order, whatever the windows, and never gets stuck", async (t) => {
  for (let seed = SEED; seed < SEED + ROUNDS; seed++) {
    await runRound(seed).catch((cause: unknown) => {
      throw new Error(`PORTOLAN_FUZZ_SEED=${seed}`, { cause });
    });
  }
  t.diagnostic(`${ROUNDS} rounds`);
});

describe("streams share a connection's window fairly", () => {
  const streams = 20;
  const bodyBytes = 1 << 20;
  const windowBytes = 1 << 20;
  for (const pieceBytes of [bodyBytes, 64 << 10, 4 << 10]) {
    it(`with bodies written ${pieceBytes} bytes at a time`, async () => {
      const limits = resolveLimits(edgeLimits, {
        ...patient,
        streamWindowBytes: windowBytes,
        connectionWindowBytes: DEFAULT_WINDOW_BYTES,
      });
      const base = { consumeBytes: Number.POSITIVE_INFINITY, windowBytes };
      const duo = new Duo([limits, limits], () => ({
        ...{ ...base, pieceBytes, sendBytes: bodyBytes, receiveBytes: 0 },
      }));
      let isFirst = false;
      const onProgress = (transfer: Transfer) => {
        isFirst ||= transfer.receivedBytes === bodyBytes;
      };
      for (let i = 0; i < streams; i++)
        duo.request({
          ...{ ...base, pieceBytes, sendBytes: 0, receiveBytes: bodyBytes },
          onProgress,
        });
      const downloads = duo.transfers.slice();
      await duo.run(() => isFirst);
      const received = downloads.map(({ receivedBytes }) => receivedBytes);
      const least = Math.min(...received);
      assert.ok(least > bodyBytes / 2, `the slowest has ${least} bytes`);
      await duo.run();
      duo.close();
    });
  }
});

it("serves a peer that reads, however much there is to say all the time", async () => {
  // Much more than may wait; a peer that reads never lets so many wait.
  const limits = resolveLimits(edgeLimits, {
    windowUpdateFactor: 1e6,
    maxQueuedControlFrames: 200,
    streamWindowBytes: DEFAULT_WINDOW_BYTES,
  });
  const large = { pieceBytes: 1 << 20, windowBytes: DEFAULT_WINDOW_BYTES };
  const both = { sendBytes: 8 << 20, receiveBytes: 8 << 20 };
  const fast = { consumeBytes: Number.POSITIVE_INFINITY };
  const options = { ...large, ...both, ...fast };
  const duo = new Duo([limits, limits], () => options);
  for (let i = 0; i < 4; i++) duo.request(options);
  await duo.run();
  assert.ok(duo.transfers.every(({ code }) => code === 0));
  duo.close();
});
