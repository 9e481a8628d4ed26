// Random peers and random handlers against the engine in both roles: whatever
// they do, nothing throws, everything ends, all is free again, and what the
// engine says is HTTP/2 to the last byte.
//
// PORTOLAN_FUZZ_FRAMES sets how many frames are sent in all (250,000 take some
// ten seconds), PORTOLAN_FUZZ_SEED the first case's seed. A failure names its
// case's seed: repeat that one with PORTOLAN_FUZZ_FRAMES=1.

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { startProgram } from "../../support/program.ts";
import type { FuzzOptions, FuzzReport } from "./fuzz-report.ts";

const FRAMES = Number(process.env["PORTOLAN_FUZZ_FRAMES"] ?? 250_000);
const SEED = Number(process.env["PORTOLAN_FUZZ_SEED"] ?? 1);

/** Below that there were too few cases to tell a leak from a cache. */
const MIN_FRAMES_FOR_MEMORY = 5_000;

/** What may be held more at the end than after the warm-up. */
const MAX_HEAP_GROWTH_BYTES = 2 << 20;
/** The same for buffers: the engine's pool of slabs is as large. */
const MAX_BUFFER_GROWTH_BYTES = 4 << 20;

/** Bytes at random end a connection soon; sockets take their time. */
const kinds: readonly FuzzKind[] = [
  { name: "a server", kind: "server", share: 0.48, isWired: false },
  { name: "a client", kind: "client", share: 0.4, isWired: false },
  { name: "both, with noise", kind: "noise", share: 0.02, isWired: false },
  { name: "a server on sockets", kind: "server", share: 0.06, isWired: true },
  { name: "a client on sockets", kind: "client", share: 0.04, isWired: true },
];

interface FuzzKind extends Omit<FuzzOptions, "seed" | "frames"> {
  readonly name: string;
  /** The part of all frames that is for it. */
  readonly share: number;
}

describe("random peers and handlers leave no mark on", () => {
  for (const { name, share, kind, isWired } of kinds) {
    it(name, async (t) => {
      const frames = Math.ceil(FRAMES * share);
      check(t, await run({ kind, isWired, frames, seed: SEED }), frames);
    });
  }
});

async function run(options: FuzzOptions): Promise<FuzzReport> {
  const program = "test/wire/fuzz/fuzz-program.ts";
  await using child = startProgram({
    args: ["--expose-gc", program, JSON.stringify(options)],
  });
  const code = await child.exited;
  const lines = child.lines.map(({ text }) => text);
  assert.equal(code, 0, lines.join("\n"));
  return JSON.parse(lines.at(-1) ?? "");
}

function check(t: TestContext, report: FuzzReport, frames: number) {
  const { cases, calls, reasons, heapGrowthBytes, bufferGrowthBytes } = report;
  t.diagnostic(
    `${report.frames} frames, ${report.streams} streams, ${cases} connections,` +
      ` ${calls} calls of the neighbour, heap +${heapGrowthBytes >> 10} KiB`,
  );
  for (const [reason, count] of Object.entries(reasons))
    if (FRAMES > 1e6) t.diagnostic(`${count} x ${reason}`);
  assert.deepEqual(report.faults, []);
  assert.ok(report.frames >= frames);
  assert.ok(calls > 0);
  if (frames < MIN_FRAMES_FOR_MEMORY) return;
  assert.ok(heapGrowthBytes <= MAX_HEAP_GROWTH_BYTES, `${heapGrowthBytes}`);
  assert.ok(bufferGrowthBytes <= MAX_BUFFER_GROWTH_BYTES);
}
