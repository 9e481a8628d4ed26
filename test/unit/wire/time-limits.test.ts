// Tests wire/time-limits.ts: when a connection is too old, idle for too long,
// silent or not read. Both the clock and the dice are the test's; what this
// looks like on the wire is tested in test/wire.

import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import { Core } from "../../../wire/core.ts";
import { ErrorCode } from "../../../wire/error-codes.ts";
import { FrameReader } from "../../../wire/frame-reader.ts";
import {
  edgeLimits,
  internalLimits,
  type Limits,
  resolveLimits,
} from "../../../wire/limits.ts";
import { HeaderReceiver } from "../../../wire/receive-headers.ts";
import { createStats } from "../../../wire/stats.ts";
import {
  type KeepaliveOptions,
  TimeLimits,
} from "../../../wire/time-limits.ts";
import { WrittenStream } from "./written-stream.ts";

const START_MS = 5_000;

let nowMs = START_MS;
let dice = 0.5;
mock.method(performance, "now", () => nowMs);
mock.method(Math, "random", () => dice);

beforeEach(() => {
  nowMs = START_MS;
  dice = 0.5;
});

/** A connection's time limits, and what they make it do. */
class Subject {
  readonly socket = new WrittenStream();
  readonly stats = createStats();
  readonly actions: string[] = [];
  readonly core: Core;
  readonly timeLimits: TimeLimits;

  constructor(changes: Partial<Limits> = {}, keepalive?: KeepaliveOptions) {
    nowMs = START_MS;
    const limits = resolveLimits(edgeLimits, changes);
    this.core = new Core(this.socket, true, {
      limits,
      stats: this.stats,
      events: { onClose: (_code, reason) => this.actions.push(reason) },
    });
    this.core.settingsReceived = true;
    this.timeLimits = new TimeLimits(this.core, {
      reader: new FrameReader({
        ...{ onFrameHeader() {}, onFrame() {}, onDataStart() {} },
        ...{ onDataPiece() {}, onBadPadding() {} },
      }),
      headers: new HeaderReceiver(this.core),
      keepalive,
      owner: {
        isDrainPending: false,
        drain: () => {
          this.actions.push("drain");
          this.core.state = "draining";
        },
        finishDrain: () => this.actions.push("finishDrain"),
        askForLife: () => this.actions.push("ping"),
      },
    });
  }

  /** Look at the clock after so long, counted from the beginning. */
  sweepAt(elapsedMs: number): string[] {
    nowMs = START_MS + elapsedMs;
    this.timeLimits.sweep(nowMs);
    return this.actions;
  }
}

describe("a connection's age", () => {
  const table: [dice: number, ageMs: number][] = [
    [0, 800],
    [0.25, 900],
    [0.5, 1_000],
    [0.999_999, 1_200],
  ];
  for (const [throwOf, ageMs] of table) {
    test(`of 1,000 ms may be ${ageMs}, if the dice say ${throwOf}`, () => {
      dice = throwOf;
      const subject = new Subject({ maxAgeMs: 1_000 });
      assert.deepEqual(subject.sweepAt(ageMs - 1), []);
      assert.deepEqual(subject.sweepAt(ageMs), ["drain"]);
      assert.deepEqual(subject.sweepAt(10_000), ["drain"]);
      assert.deepEqual(subject.stats.violations, { maxAgeMs: 1 });
    });
  }

  test("has no limit internally", () => {
    const subject = new Subject({
      ...internalLimits,
      idleTimeoutMs: Number.POSITIVE_INFINITY,
    });
    assert.deepEqual(subject.sweepAt(10 ** 12), []);
  });
});

describe("an idle connection", () => {
  test("is asked to go when its time is up", () => {
    const subject = new Subject({ idleTimeoutMs: 1_000 });
    assert.deepEqual(subject.sweepAt(999), []);
    assert.deepEqual(subject.sweepAt(1_000), ["drain"]);
    assert.deepEqual(subject.stats.violations, { idleTimeoutMs: 1 });
  });

  test("is none while a stream is open, and is one anew afterwards", () => {
    const subject = new Subject({ idleTimeoutMs: 1_000 });
    const stream = subject.core.openStream(1);
    assert.deepEqual(subject.sweepAt(5_000), []);
    stream.reset(0);
    assert.deepEqual(subject.sweepAt(5_999), []);
    assert.deepEqual(subject.sweepAt(6_000), ["drain"]);
  });
});

describe("keepalive", () => {
  const options = { intervalMs: 1_000, timeoutMs: 500 };

  test("asks after silence, and gives up when nothing comes", () => {
    const subject = new Subject({}, options);
    subject.core.openStream(1);
    assert.deepEqual(subject.sweepAt(999), []);
    assert.deepEqual(subject.sweepAt(1_000), ["ping"]);
    assert.deepEqual(subject.sweepAt(1_499), ["ping"]);
    const end = ["ping", "the peer does not answer PING"];
    assert.deepEqual(subject.sweepAt(1_500), end);
    assert.equal(subject.socket.destroyed, true);
    assert.equal(subject.core.streams.size, 0);
  });

  test("takes whatever comes for an answer", () => {
    const subject = new Subject({}, options);
    subject.core.openStream(1);
    subject.sweepAt(1_000);
    subject.timeLimits.hasReceived = true;
    assert.deepEqual(subject.sweepAt(1_499), ["ping"]);
    assert.deepEqual(subject.sweepAt(2_498), ["ping"]);
    assert.deepEqual(subject.sweepAt(2_499), ["ping", "ping"]);
  });

  test("doesn't ask somebody who talks", () => {
    const subject = new Subject({}, options);
    subject.core.openStream(1);
    for (let ms = 0; ms < 10_000; ms += 900) {
      subject.timeLimits.hasReceived = true;
      assert.deepEqual(subject.sweepAt(ms), []);
    }
  });

  test("asks without streams only if it is to", () => {
    const silent = new Subject({}, options);
    assert.deepEqual(silent.sweepAt(60_000), []);
    const asking = new Subject({}, { ...options, withoutStreams: true });
    assert.deepEqual(asking.sweepAt(1_000), ["ping"]);
  });

  test("that nobody wants asks nothing", () => {
    const subject = new Subject();
    subject.core.openStream(1);
    assert.deepEqual(subject.sweepAt(60_000), []);
  });
});

describe("the preface", () => {
  test("may take so long, and no longer", () => {
    const subject = new Subject({ prefaceTimeoutMs: 1_000 });
    subject.core.settingsReceived = false;
    assert.deepEqual(subject.sweepAt(999), []);
    const [reason] = subject.sweepAt(1_000);
    assert.equal(reason, "no preface and SETTINGS in time");
  });
});

describe("a connection that has ended", () => {
  test("lingers for a second, so that what was said last arrives", () => {
    const subject = new Subject();
    subject.core.end(0, "over");
    assert.deepEqual(subject.sweepAt(999), ["over"]);
    assert.equal(subject.socket.destroyed, false);
    assert.deepEqual(subject.sweepAt(1_000), ["over"]);
    assert.equal(subject.socket.destroyed, true);
  });

  /** Ended with an answer on its way of which nothing was taken yet. */
  function endSlowly(): Subject {
    const subject = new Subject({ stallTimeoutMs: 2_000 });
    const { core, socket } = subject;
    socket.isSlow = true;
    core.output.uint32(0);
    core.output.flush();
    core.output.copy(Buffer.alloc(200_000), 0, 200_000);
    core.end(ErrorCode.noError, "drained");
    return subject;
  }

  test("lingers while the rest of an answer is taken, and a second more", async () => {
    const subject = endSlowly();
    const { core, socket } = subject;
    let ms = 0;
    for (; core.output.queuedBytes > 0; ms += 500) {
      subject.sweepAt(ms);
      assert.equal(socket.destroyed, false, `cut off after ${ms} ms`);
      socket.takeChunk();
      await new Promise(setImmediate);
    }
    const takenAtMs = ms - 500;
    assert.ok(takenAtMs > 2_000);
    subject.sweepAt(takenAtMs + 999);
    assert.equal(socket.destroyed, false);
    subject.sweepAt(takenAtMs + 1_000);
    assert.equal(socket.destroyed, true);
  });

  test("doesn't linger for a peer who takes nothing", () => {
    const subject = endSlowly();
    subject.sweepAt(0);
    subject.sweepAt(1_999);
    assert.equal(subject.socket.destroyed, false);
    subject.sweepAt(2_000);
    assert.equal(subject.socket.destroyed, true);
  });
});

test("time limits are looked at four times as often as the shortest", () => {
  const off = Number.POSITIVE_INFINITY;
  const all = {
    ...{ prefaceTimeoutMs: off, headersTimeoutMs: off, stallTimeoutMs: off },
    ...{ idleTimeoutMs: off, maxAgeMs: off },
  };
  const everyMs = (changes: Partial<Limits>, keepalive?: KeepaliveOptions) =>
    new Subject({ ...all, ...changes }, keepalive).timeLimits.sweepEveryMs;
  assert.equal(everyMs({}), off);
  for (const name of Object.keys(all))
    assert.equal(everyMs({ [name]: 400 }), 100, name);
  assert.equal(everyMs({}, { intervalMs: 400, timeoutMs: 800 }), 100);
  assert.equal(everyMs({}, { intervalMs: 800, timeoutMs: 400 }), 100);
});
