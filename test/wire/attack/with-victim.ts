// What every attack has in common: a fresh server, a peaceful client which
// calls it on another connection all the time, and the check afterwards that
// neither of the two has suffered.

import assert from "node:assert/strict";
import { type Bystander, startBystander } from "./bystander.ts";
import { Victim, type VictimOptions } from "./victim.ts";

/** No attack may make the server hold more than that. */
const MAX_GROWTH_BYTES = 64 << 20;

/**
 * Run an attack against a fresh server. Fails unless, in the end, each call of
 * a peaceful client on another connection succeeded, the server's memory never
 * grew by more than 64 MiB, and it has freed all connections but that one.
 */
export async function withVictim(
  options: VictimOptions,
  attack: (victim: Victim, bystander: Bystander) => Promise<void>,
): Promise<void> {
  await using victim = new Victim(options);
  await victim.start();
  await using bystander = await startBystander(victim);
  const before = bystander.peakBytes;
  await attack(victim, bystander);
  await bystander.moreCalls();
  if (options.listener === undefined) {
    const { openStreams } = await victim.until("openConnections", 1);
    assert.equal(openStreams, 0, "streams are left behind");
  }
  bystander.check();
  const growth = bystander.peakBytes - before;
  assert(growth < MAX_GROWTH_BYTES, `memory grew by ${growth} bytes`);
}
