// Callers that go away, many at a time, and what those who share their
// connection to the instance feel of it.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, suite, test } from "node:test";
import { createHeaderBlock, ErrorCode } from "../../../wire/index.ts";
import type { Recorder } from "./recorder.ts";
import { requestFor, responseOf, type Scene, startScene } from "./scene.ts";

const GRPC = "application/grpc";
const answer = responseOf(200, GRPC, [["grpc-status", "0"]]);
const ok = createHeaderBlock([["grpc-status", "0"]]);
/** How many calls one connection of a caller may have open. */
const SLOTS = 128;

suite("Calls that callers give up", { timeout: 20_000 }, () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await startScene();
    // Before the instance has said what it takes, it gets fewer calls at once.
    const first = scene.request(requestFor(GRPC), true);
    const { stream } = await scene.instance.call(0);
    stream.respond(answer, true);
    await first.closed();
    // From here on the budget waits for the test, once it is spent.
    mock.timers.enable({ apis: ["setTimeout"] });
  });
  afterEach(async () => {
    mock.timers.reset();
    await scene[Symbol.asyncDispose]();
  });

  /** Make calls and give all up. Resolves with the instance's ends of them. */
  async function giveUp(count: number, endStream = true): Promise<Recorder[]> {
    const before = scene.instance.calls.length;
    const callers = Array.from({ length: count }, () =>
      scene.request(requestFor(GRPC), endStream),
    );
    await scene.instance.call(before + count - 1);
    for (const caller of callers) caller.stream.reset(ErrorCode.cancel);
    await scene.settled();
    await scene.instance.settled();
    return scene.instance.calls.slice(before);
  }

  /** Spend the budget. Resolves with calls that were given up and go on. */
  async function spendBudget(): Promise<Recorder[]> {
    for (let times = 0; times < 5; times++) {
      const calls = await giveUp(SLOTS);
      const goingOn = calls.filter(({ end }) => end === undefined);
      if (goingOn.length > 0) return goingOn;
    }
    throw new Error("all calls were cancelled");
  }

  test("are cancelled at the instance only so fast", async () => {
    const [goingOn] = await spendBudget();
    assert.ok(goingOn);
    assert.ok(scene.instance.stats.resetsReceived >= 100);
    const [, cancelled] = scene.instance.calls;
    assert.deepEqual(cancelled?.end, { code: ErrorCode.cancel, by: "peer" });
    const [next] = await giveUp(1);
    assert.equal(next?.end, undefined);
  });

  test("are left to run when the budget is spent, and heard by nobody", async () => {
    const [served] = await spendBudget();
    assert.ok(served);
    const { resetsReceived } = scene.instance.stats;
    served.stream.respond(responseOf(200, GRPC));
    // More than a window: it is read, not kept.
    served.stream.write(Buffer.alloc(4 << 20));
    served.stream.end(ok);
    assert.deepEqual(await served.closed(), { code: 0, by: "end" });
    assert.equal(scene.instance.stats.resetsReceived, resetsReceived);
    assert.doesNotMatch(scene.log.join(), /failed a call/);
  });

  test("are left to run also where the caller had stopped reading", async () => {
    await spendBudget();
    const { resetsReceived } = scene.instance.stats;
    const number = scene.instance.calls.length;
    const caller = scene.request(requestFor(GRPC), true, false);
    const served = await scene.instance.call(number);
    served.stream.respond(responseOf(200, GRPC));
    served.stream.write(Buffer.alloc(8 << 20));
    served.stream.end(ok);
    await caller.until(() => caller.bytes === 1 << 20);
    await scene.instance.settled();
    caller.stream.reset(ErrorCode.cancel);
    assert.deepEqual(await served.closed(), { code: 0, by: "end" });
    assert.equal(scene.instance.stats.resetsReceived, resetsReceived);
  });

  test("are cancelled when there is budget again, complete or not", async () => {
    const [complete] = await spendBudget();
    const [incomplete] = await giveUp(1, false);
    for (const served of [complete, incomplete]) {
      assert.ok(served);
      assert.equal(served.end, undefined);
    }
    // The budget's clock is the real one.
    while (incomplete?.end === undefined) {
      mock.timers.tick(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const served of [complete, incomplete])
      assert.deepEqual(served?.end, { code: ErrorCode.cancel, by: "peer" });
  });

  test("keep their caller's slots until the instance is done", async () => {
    const goingOn = await spendBudget();
    goingOn.push(...(await giveUp(SLOTS - goingOn.length)));
    const [first] = goingOn;
    assert.ok(first);
    const refused = scene.request(requestFor(GRPC), true);
    assert.equal((await refused.closed()).by, "refused");
    first.stream.respond(answer, true);
    await first.closed();
    await scene.instance.settled();
    const number = scene.instance.calls.length;
    const next = scene.request(requestFor(GRPC), true);
    const served = await scene.instance.call(number);
    served.stream.respond(answer, true);
    assert.deepEqual(await next.closed(), { code: 0, by: "end" });
    assert.equal(scene.instance.connections.length, 1);
  });
});
