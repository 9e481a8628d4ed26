// What a connection costs that does nothing: no timer of its own, and nothing
// that keeps the process alive but its socket.

import assert from "node:assert/strict";
import { createHook } from "node:async_hooks";
import { test } from "node:test";
import { connectClient, startServer, turnsUntil } from "./duo.ts";

test("a hundred connections have one timer, and it keeps no process alive", async () => {
  let timers = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === "Timeout") timers++;
    },
  });
  const active = () =>
    process.getActiveResourcesInfo().filter((type) => type === "Timeout");
  await using server = await startServer();
  const before = active().length;
  const keepalive = { intervalMs: 60_000, timeoutMs: 10_000 };
  const warmUp = connectClient(server.port, { keepalive });
  await turnsUntil("the first", () => warmUp.events.length === 1);
  hook.enable();
  const clients = Array.from({ length: 100 }, () =>
    connectClient(server.port, { keepalive }),
  );
  for (const client of clients) client.call();
  await turnsUntil("all", () => server.arrivals.length === 100);
  hook.disable();
  for (const { socket } of [warmUp, ...clients]) socket.destroy();
  assert.equal(timers, 0);
  assert.equal(active().length, before);
  await turnsUntil("all are gone", () => server.stats.openConnections === 0);
});
