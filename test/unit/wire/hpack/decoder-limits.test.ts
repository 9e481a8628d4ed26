// The limits of a decoder: what a block may be, what is beyond, and that the
// table stays in step with a peer whose block was refused.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createDecoder, decode, decodeFields, fromHex } from "./blocks.ts";

// One field of 1 + 1 + 32 bytes, which enters the table.
const ENTERING = "4001610162";
const INDEXED = "be";

describe("a decoder's limits", () => {
  // Fields of 34 bytes each: at most 4 of them, or 136 bytes.
  const limits = [
    ["fields", { maxFields: 4 }],
    ["bytes", { maxListBytes: 4 * 34 }],
  ] as const;
  const table: [fields: number, failure: string | undefined][] = [
    [1, undefined],
    [4, undefined],
    [5, "oversize"],
    [16, "oversize"],
    [17, "flood"],
    [5_000, "flood"],
  ];
  for (const [what, options] of limits) {
    for (const [count, failure] of table) {
      test(`by ${what}: ${count} where 4 are allowed`, () => {
        const decoder = createDecoder(options);
        const bytes = fromHex(ENTERING + INDEXED.repeat(count - 1));
        const block = decode(decoder, bytes);
        assert.equal(decoder.failure, failure);
        assert.equal(block?.fields.length, failure ? undefined : count);
        assert.equal(block?.size, failure ? undefined : count * 34);
      });
    }
  }

  test("count each kind of field", () => {
    for (const field of ["82", "04012f", "14012f", "44012f", ENTERING]) {
      const decoder = createDecoder({ maxFields: 2 });
      decodeFields(decoder, fromHex(field.repeat(2)));
      assert.equal(decode(decoder, fromHex(field.repeat(3))), undefined);
      assert.equal(decoder.failure, "oversize", field);
    }
  });

  test("count Huffman strings as they are decoded", () => {
    // ":path: aaaaaaaa", the value in five octets.
    const bytes = fromHex("0485 18c6318c63");
    decodeFields(createDecoder({ maxListBytes: 45 }), bytes);
    const decoder = createDecoder({ maxListBytes: 44 });
    decode(decoder, bytes);
    assert.equal(decoder.failure, "oversize");
  });

  test("leave a refused block's errors errors", () => {
    const decoder = createDecoder({ maxFields: 1 });
    decode(decoder, fromHex("828282 80"));
    assert.equal(decoder.failure, "compression");
  });
});

describe("a block that is oversize", () => {
  test("keeps the table in step", () => {
    const decoder = createDecoder({ maxFields: 3 });
    decode(decoder, fromHex(`82828282 ${ENTERING} 4001630164`));
    assert.equal(decoder.failure, "oversize");
    assert.deepEqual(decodeFields(decoder, fromHex("be bf")), [
      ["c", "d"],
      ["a", "b"],
    ]);
  });

  test("empties the table by a field larger than the table", () => {
    const decoder = createDecoder({ maxFields: 1, maxTableBytes: 100 });
    decodeFields(decoder, fromHex(ENTERING));
    decode(decoder, fromHex(`8282 40016145${"62".repeat(69)}`));
    assert.equal(decoder.failure, "oversize");
    assert.deepEqual([decoder.table.count, decoder.table.bytes], [0, 0]);
  });

  test("may be followed by one that is not", () => {
    const decoder = createDecoder({ maxFields: 2 });
    decode(decoder, fromHex("828484"));
    assert.deepEqual(decodeFields(decoder, fromHex("8284")), [
      [":method", "GET"],
      [":path", "/"],
    ]);
    assert.equal(decode(decoder, fromHex("828484")), undefined);
    assert.equal(decoder.failure, "oversize");
  });
});

test("a flood ends at once, whatever follows", () => {
  const decoder = createDecoder({ maxFields: 1 });
  decode(decoder, fromHex(`8282828282 80 ${ENTERING}`));
  assert.equal(decoder.failure, "flood");
  assert.equal(decoder.table.count, 0);
});

test("a value far beyond the limit is a flood before it is a string", () => {
  const decoder = createDecoder({ maxListBytes: 1_000 });
  const value = Buffer.alloc(1 << 20, "x");
  // The length is 2^20: 127 in the prefix, the rest behind it.
  const bytes = Buffer.concat([fromHex("0400 44 7f 81ff3f"), value]);
  assert.equal(decode(decoder, bytes), undefined);
  assert.equal(decoder.failure, "flood");
  assert.equal(decoder.table.count, 0);
});
