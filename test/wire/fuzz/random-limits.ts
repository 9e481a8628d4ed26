// Limits of all sizes: those of the presets, generous ones that let a peer go
// on for long, and tight ones that are violated all the time.

import {
  edgeLimits,
  internalLimits,
  type Limits,
  resolveLimits,
} from "../../../wire/index.ts";
import type { Random } from "../../support/random.ts";

const MANY = 1e9;

/** A peer gets away with everything that is no error. */
const generous: Partial<Limits> = {
  maxRefusalsPerSecond: MANY,
  maxContinuationFrames: MANY,
  ...{ resetBurst: MANY, maxStreamErrors: MANY, pingBurst: MANY },
  ...{ settingsBurst: MANY, maxEmptyDataFrames: MANY },
  ...{ smallDataBudgetBytes: MANY, windowUpdateFactor: MANY },
  prioritiesPerSecond: MANY,
};

/** Limits for one connection; in milliseconds, if time is to matter. */
export function randomLimits(random: Random, isTimed: boolean): Limits {
  const timed: Partial<Limits> = {
    ...{ prefaceTimeoutMs: 60, headersTimeoutMs: 30, stallTimeoutMs: 30 },
    ...{ idleTimeoutMs: 30, maxAgeMs: 100, stallMinBytes: 1_000 },
  };
  const preset = {
    ...random.pick([edgeLimits, internalLimits]),
    ...(isTimed ? timed : {}),
  };
  if (random.chance(0.2)) return preset;
  const sizes: Partial<Limits> = {
    maxConcurrentStreams: 1 + random.below(random.pick([3, 200])),
    maxHeaderListBytes: random.pick([300, 2_000, 32 << 10]),
    maxHeaderFields: random.pick([6, 20, 128]),
    encoderTableBytes: random.pick([0, 100, 4_096]),
    maxQueuedControlFrames: random.pick([5, 100, 10_000]),
    maxQueuedBytes: random.pick([65_536, 100_000, 1 << 20]),
    streamWindowBytes: 1 + random.below(random.pick([10, 70_000, 1 << 20])),
    connectionWindowBytes: 65_535 + random.below(random.pick([1, 1 << 20])),
  };
  if (random.chance(0.7))
    return resolveLimits(preset, { ...generous, ...sizes });
  return resolveLimits(preset, {
    ...sizes,
    maxRefusalsPerSecond: random.below(5),
    maxContinuationFrames: random.below(4),
    ...{ resetBurst: random.below(10), resetsPerSecond: 1 },
    maxStreamErrors: random.below(5),
    ...{ pingBurst: random.below(5), settingsBurst: random.below(5) },
    maxEmptyDataFrames: random.below(4),
    smallDataBudgetBytes: random.below(2_000),
  });
}
