// Seeded randomness for the tests of HPACK: the same seed, the same blocks.

import type { Pair } from "./blocks.ts";

/** A source of randomness, uniform in [0, 1). */
export type Random = () => number;

/** A small generator (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An integer in [0, below). */
export function pickNumber(random: Random, below: number): number {
  return Math.floor(random() * below);
}

const NAMES = [
  ":method",
  ":path",
  ":status",
  "accept-encoding",
  "content-type",
  "cookie",
  "grpc-timeout",
  "x-request-id",
  "x",
];

const VALUES = [
  "",
  "GET",
  "/",
  "200",
  "gzip, deflate",
  "application/grpc",
  "a=b; c=d",
];

/** A list of fields: many that repeat, and some of any octets and lengths. */
export function pickFields(random: Random): Pair[] {
  const fields: Pair[] = [];
  const count = pickNumber(random, 12);
  for (let i = 0; i < count; i++) {
    fields.push([pickName(random), pickValue(random)]);
  }
  return fields;
}

function pickName(random: Random): string {
  if (random() < 0.1) return pickOctets(random, 40);
  return NAMES[pickNumber(random, NAMES.length)] ?? "";
}

function pickValue(random: Random): string {
  const kind = random();
  if (kind < 0.5) return VALUES[pickNumber(random, VALUES.length)] ?? "";
  if (kind < 0.9) return `value-${pickNumber(random, 40)}`;
  return pickOctets(random, random() < 0.1 ? 3_000 : 200);
}

function pickOctets(random: Random, maxLength: number): string {
  let text = "";
  const length = pickNumber(random, maxLength);
  for (let i = 0; i < length; i++) {
    text += String.fromCharCode(pickNumber(random, 256));
  }
  return text;
}
