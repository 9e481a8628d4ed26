// Which streams are reset, and when, on a clock of the test's.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, suite, test } from "node:test";
import {
  ResetBudget,
  type Resettable,
} from "../../../../mesh/upstream/reset-budget.ts";
import { ErrorCode } from "../../../../wire/index.ts";

suite("A budget of resets", () => {
  let nowMs: number;
  let budget: ResetBudget;
  /** The numbers of the streams that were reset, in order. */
  let reset: number[];
  let codes: number[];

  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout"] });
    nowMs = 1_000;
    reset = [];
    codes = [];
    budget = new ResetBudget(() => nowMs);
  });
  afterEach(() => mock.timers.reset());

  /** Give up so many streams, one after the other. */
  function giveUp(count: number): Resettable[] {
    const streams = Array.from({ length: count }, (_, number) => ({
      reset(code: number) {
        reset.push(number);
        codes.push(code);
      },
    }));
    for (const stream of streams) budget.reset(stream, ErrorCode.cancel);
    return streams;
  }

  function letPass(seconds: number): void {
    for (let step = 0; step < seconds * 100; step++) {
      nowMs += 10;
      mock.timers.tick(10);
    }
  }

  test("is 100 at once, and 33 a second from then on, in order", () => {
    giveUp(200);
    assert.equal(reset.length, 100);
    letPass(1);
    assert.ok(reset.length >= 131 && reset.length <= 133, `${reset.length}`);
    letPass(3);
    assert.deepEqual(reset, [...Array(200).keys()]);
    assert.deepEqual(new Set(codes), new Set([ErrorCode.cancel]));
  });

  test("comes back while nobody resets", () => {
    giveUp(100);
    letPass(4);
    reset = [];
    giveUp(120);
    assert.equal(reset.length, 100);
  });

  test("is not spent on streams that ended by themselves", () => {
    const streams = giveUp(110);
    for (const stream of streams.slice(100, 109)) budget.forget(stream);
    letPass(0.1);
    assert.deepEqual(reset.slice(100), [109]);
  });

  test("takes the last word on the code", () => {
    const streams = giveUp(101);
    const last = streams[100];
    assert.ok(last);
    budget.reset(last, ErrorCode.noError);
    letPass(0.1);
    assert.equal(codes.length, 101);
    assert.equal(codes[100], ErrorCode.noError);
  });

  test("is without bounds once it was lifted", () => {
    giveUp(110);
    budget.lift();
    assert.equal(reset.length, 110);
    giveUp(110);
    assert.equal(reset.length, 220);
  });
});
