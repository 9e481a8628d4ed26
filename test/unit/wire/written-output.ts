// An Output on a stream that isn't a socket, and what it told its owner.

import { Output } from "../../../wire/output.ts";
import { createStats } from "../../../wire/stats.ts";
import { WrittenStream } from "./written-stream.ts";

/** An output, and what its tests look at. */
export function createOutput() {
  const stream = new WrittenStream();
  const stats = createStats();
  const test = {
    ...{ stream, stats, drained: 0, faults: [] as unknown[] },
    onDrained() {
      test.drained++;
    },
  };
  const output = new Output(stream, stats, {
    onDrained: () => test.onDrained(),
    onFault: (error) => test.faults.push(error),
  });
  return Object.assign(test, { output });
}

/** Bytes that tell where they are from. */
export function pattern(length: number, seed = 1): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 31 + seed) % 251));
}
