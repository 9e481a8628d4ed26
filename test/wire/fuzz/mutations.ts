// What can go wrong with frames on their way: wrong lengths, flags, types and
// streams, truncated, doubled, swapped or missing frames, bytes that flipped.

import type { Random } from "../../support/random.ts";

const FRAME_HEADER_BYTES = 9;

const MUTATIONS = [
  "length",
  "flags",
  "type",
  "stream",
  "reserved",
  "truncate",
  "extend",
  "flip",
  "double",
  "swap",
  "drop",
  "noise",
] as const;

/** Change some frames, each with the given chance. Lengths stay plausible. */
export function mutate(
  random: Random,
  frames: readonly Buffer[],
  ratio: number,
): Buffer[] {
  const mutated: Buffer[] = [];
  for (const frame of frames) {
    if (random.chance(ratio)) mutateOne(random, frame, mutated);
    else mutated.push(frame);
  }
  return mutated;
}

function mutateOne(random: Random, original: Buffer, frames: Buffer[]) {
  const frame = Buffer.from(original);
  const payloadBytes = frame.length - FRAME_HEADER_BYTES;
  const mutation = random.pick(MUTATIONS);
  switch (mutation) {
    case "length":
      frame.writeUIntBE(randomLength(random, payloadBytes), 0, 3);
      break;
    case "flags":
      frame[4] = (frame[4] ?? 0) ^ (1 << random.below(8));
      break;
    case "type":
      frame[3] = random.below(12);
      break;
    case "stream":
      frame.writeUInt32BE(randomStream(random, frame.readUInt32BE(5)), 5);
      break;
    case "reserved":
      frame[5] = (frame[5] ?? 0) | 0x80;
      break;
    case "truncate":
      return void frames.push(resize(frame, random.below(payloadBytes + 1)));
    case "extend":
      return void frames.push(resize(frame, payloadBytes + random.below(40)));
    case "flip":
      if (payloadBytes > 0) {
        const at = FRAME_HEADER_BYTES + random.below(payloadBytes);
        frame[at] = (frame[at] ?? 0) ^ (1 << random.below(8));
      }
      break;
    case "double":
      frames.push(frame);
      break;
    case "swap":
      return void frames.splice(Math.max(0, frames.length - 1), 0, frame);
    case "drop":
      return;
    default:
      frames.push(random.bytes(random.below(40)));
  }
  frames.push(frame);
}

function randomLength(random: Random, truth: number): number {
  const near = Math.max(0, truth - 2 + random.below(5));
  return random.pick([near, 0, 4, 16_384, 16_385, 0xffffff]);
}

function randomStream(random: Random, truth: number): number {
  const near = Math.max(0, truth - 4 + random.below(9));
  return random.pick([near, 0, 1, 2, 0x7fff_fffe, 0x7fff_ffff]);
}

/** A frame of another size whose length field says so. */
function resize(frame: Buffer, payloadBytes: number): Buffer {
  const resized = Buffer.alloc(FRAME_HEADER_BYTES + payloadBytes);
  frame.copy(resized, 0, 0, resized.length);
  resized.writeUIntBE(payloadBytes, 0, 3);
  return resized;
}
