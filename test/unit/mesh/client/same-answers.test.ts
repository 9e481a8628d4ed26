// The short way of a unary gRPC call and Connect's own: what callers see must be
// the same, whatever an instance answers.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answers } from "./answers.ts";
import { type Answer, answer, startScripted } from "./scripted.ts";
import { createWays, outcomeOf } from "./ways.ts";

/** So often that header blocks are recognised, by their bytes. */
const TIMES = 8;

describe("both ways of a unary call", { timeout: 30_000 }, () => {
  for (const [name, given] of Object.entries(answers)) {
    test(`make the same of ${name}`, async () => {
      await using scripted = await startScripted({
        onCall: (call) => void answer(call, given),
      });
      await using made = createWays(scripted.address, {});
      const { short, long, connect } = made.ways;
      const expected = await outcomeOf(connect);
      assert.deepEqual(await outcomeOf(long), expected);
      for (let i = 0; i < TIMES; i++)
        assert.deepEqual(await outcomeOf(short), expected);
    });
  }

  test("make the same of trailers that mean something else each time", async () => {
    const { head = [], body = [] } = answers["a message"] ?? {};
    const trailers = [["x-b", "3"]] as const;
    const kinds: Answer[] = [
      { head: [...head, ["grpc-status", "0"]], body, trailers },
      { head, body, trailers },
      { head, trailers },
      { head: [...head, ["grpc-status", "7"]], body, trailers },
    ];
    let kind = 0;
    await using scripted = await startScripted({
      onCall: (call) => void answer(call, kinds[kind] ?? { head }),
    });
    await using made = createWays(scripted.address, {});
    for (let i = 0; i < TIMES * kinds.length; i++) {
      kind = i % kinds.length;
      const expected = await outcomeOf(made.ways.connect);
      assert.deepEqual(await outcomeOf(made.ways.short), expected);
    }
  });
});
