// Our engine against node:http2 and against itself: random exchanges, of which
// each side must see exactly what the other one sent.
//
// A failure names its seed: PORTOLAN_FUZZ_SEEDS=1,2,3 runs just those, and
// PORTOLAN_FUZZ_ROUNDS=500 as many as one likes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nodeEngine } from "./node-side.ts";
import { runRound } from "./round.ts";
import type { Engine } from "./side.ts";
import { wireEngine } from "./wire-side.ts";

const ROUNDS = Number(process.env["PORTOLAN_FUZZ_ROUNDS"] ?? 40);
const SEEDS =
  process.env["PORTOLAN_FUZZ_SEEDS"]?.split(",").map(Number) ??
  Array.from({ length: ROUNDS }, (_, i) => i + 1);

/** Only a round that hangs takes so long. */
const ROUND_LIMIT_MS = 20_000;

const PAIRS: [name: string, client: Engine, server: Engine][] = [
  ["node:http2's client and our server", nodeEngine, wireEngine],
  ["our client and node:http2's server", wireEngine, nodeEngine],
  ["our client and our server", wireEngine, wireEngine],
];

for (const [name, client, server] of PAIRS) {
  describe(`${name} see what the other one sends`, () => {
    for (const seed of SEEDS) {
      test(`random exchanges, seed ${seed}`, async () => {
        const signal = AbortSignal.timeout(ROUND_LIMIT_MS);
        const faults = await runRound(seed, client, server, signal);
        assert.deepEqual(faults, [], `PORTOLAN_FUZZ_SEEDS=${seed}`);
      });
    }
  });
}
