// A few at a time, a few waiting, the rest refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BusyError, createLimiter } from "../../../../services/user/limiter.ts";

test("Two run, two wait in order, the fifth is refused, and a place that is left is taken again.", async () => {
  const limiter = createLimiter({ concurrency: 2, maxWaiting: 2 });
  const gates = Array.from({ length: 6 }, () => Promise.withResolvers<void>());
  const events: string[] = [];
  const run = async (index: number) => {
    await limiter.run(async () => {
      events.push(`start ${index}`);
      await gates[index]?.promise;
      events.push(`end ${index}`);
    });
  };
  const runs = [run(0), run(1), run(2), run(3)];
  await assert.rejects(run(4), BusyError);
  assert.deepEqual(events, ["start 0", "start 1"]);

  gates[1]?.resolve();
  await runs[1];
  const late = run(5); // in the place that 2 has left
  gates[0]?.resolve();
  await runs[0];
  for (const gate of gates) gate.resolve();
  await Promise.all([...runs, late]);
  assert.deepEqual(
    events.filter((event) => event.startsWith("start")),
    ["start 0", "start 1", "start 2", "start 3", "start 5"],
  );
});

test("A task that fails leaves its place.", async () => {
  const limiter = createLimiter({ concurrency: 1, maxWaiting: 0 });
  const fail = async () => {
    throw new Error("as asked");
  };
  await assert.rejects(limiter.run(fail), /as asked/);
  assert.equal(await limiter.run(async () => "done"), "done");
});
