// Tests wire/hpack/encoder-index.ts for what an encoder's test can't see: that
// it stays small whatever names and values come, and keeps what the table has.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HeaderField } from "../../../../wire/header-block.ts";
import { DynamicTable } from "../../../../wire/hpack/dynamic-table.ts";
import { EncoderIndex } from "../../../../wire/hpack/encoder-index.ts";

function insert(index: EncoderIndex, field: HeaderField): void {
  index.insert(field, index.recordOf(field.name));
}

/** The age of a field that is equal, but another object. */
function ageOf(index: EncoderIndex, name: string, value: string): number {
  return index.ageOf(new HeaderField(name, value), index.recordOf(name));
}

describe("an encoder's index", () => {
  test("has a bounded number of names, among them all of the table", () => {
    const table = new DynamicTable(68);
    const index = new EncoderIndex(table);
    for (const name of ["a", "b", "c"]) {
      insert(index, new HeaderField(name, "1"));
    }
    for (let i = 0; i < 10_000; i++) {
      index.isWorthInserting("v", index.recordOf(`x-${i}`));
      assert.ok(index.nameCount <= 256);
    }
    assert.equal(ageOf(index, "c", "1"), 0);
    assert.equal(ageOf(index, "b", "1"), 1);
    assert.equal(ageOf(index, "a", "1"), -1);
  });

  test("has a bounded number of bytes in values that may come again", () => {
    const index = new EncoderIndex(new DynamicTable(4_096));
    for (let i = 0; i < 1_000; i++) {
      const record = index.recordOf(`x-${i % 100}`);
      index.isWorthInserting(`${i}`.padEnd(1_000), record);
      assert.ok(index.candidateBytes <= 16_384);
    }
  });

  test("counts the bytes of values exactly", () => {
    const index = new EncoderIndex(new DynamicTable(4_096));
    const record = index.recordOf("x");
    for (const value of ["1", "22", "333", "4444", "55555"]) {
      assert.equal(index.isWorthInserting(value, record), false);
    }
    assert.equal(index.candidateBytes, 14);
    assert.equal(index.isWorthInserting("333", record), true);
    assert.equal(index.candidateBytes, 11);
  });
});
