import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createEnvelopeTracker } from "../../../rpc/index.ts";

function envelope(length: number): Buffer {
  const bytes = Buffer.alloc(5 + length);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

describe("a tracker of envelopes", () => {
  it("stands at a boundary before the first byte", () => {
    assert.equal(createEnvelopeTracker().atBoundary, true);
  });

  // Every length that decides something: none, one byte, one more than a byte
  // can count, one that needs three bytes.
  const body = Buffer.concat([0, 1, 300, 70_000, 0].map(envelope));
  const boundaries = new Set([0, 5, 11, 316, 70_321, 70_326]);

  for (const step of [1, 2, 3, 5, 7, 4096, body.length]) {
    it(`knows the boundaries in chunks of ${step} bytes`, () => {
      const tracker = createEnvelopeTracker();
      for (let at = 0; at < body.length; at += step) {
        tracker.push(body.subarray(at, at + step));
        const end = Math.min(at + step, body.length);
        assert.equal(tracker.atBoundary, boundaries.has(end), `after ${end}`);
      }
    });
  }
});
