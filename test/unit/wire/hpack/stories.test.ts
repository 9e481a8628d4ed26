// Blocks of foreign encoders, decoded; and the same lists by our encoder,
// which our decoder, proven by the former, must give back.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HpackEncoder } from "../../../../wire/hpack/encoder.ts";
import { readStories, type Story } from "../../../fixtures/hpack/stories.ts";
import { createDecoder, decodeFields, toBlock } from "./blocks.ts";

const byEncoder = Map.groupBy(readStories(), ({ encoder }) => encoder);

describe("stories by foreign encoders", () => {
  test("are there, by 14 encoders", () => {
    assert.equal(byEncoder.size, 14);
    for (const stories of byEncoder.values()) assert.ok(stories.length >= 22);
  });

  for (const [encoder, stories] of byEncoder) {
    for (const memo of [true, false]) {
      const how = memo ? "with" : "without";
      test(`by ${encoder} are decoded ${how} a memo`, () => {
        for (const story of stories) decodeStory(story, memo);
      });
    }
  }

  test("are given back by our decoder if our encoder tells them", () => {
    for (const story of byEncoder.get("nghttp2") ?? []) retell(story, 4_096);
    for (const story of byEncoder.get("nghttp2") ?? []) retell(story, 512);
  });
});

function decodeStory(story: Story, memo: boolean): void {
  const decoder = createDecoder({ memo });
  for (const [i, block] of story.blocks.entries()) {
    if (block.tableBytes !== undefined) {
      decoder.setMaxTableBytes(block.tableBytes);
    }
    const what = `story ${story.number}, block ${i}`;
    const decoded = decodeFields(decoder, block.bytes);
    assert.deepEqual(decoded, block.fields, what);
  }
}

function retell(story: Story, tableBytes: number): void {
  const encoder = new HpackEncoder({ maxTableBytes: tableBytes });
  const decoder = createDecoder();
  for (const { fields } of story.blocks) {
    const bytes = encoder.encode(toBlock(fields));
    assert.deepEqual(decodeFields(decoder, bytes), fields);
    assert.equal(encoder.table.bytes, decoder.table.bytes);
  }
}
