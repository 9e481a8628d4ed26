// Blocks that are no HPACK, or none for this table: each must give
// "compression" and nothing else, and never an exception.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createDecoder, decode, decodeFields, fromHex } from "./blocks.ts";

type Case = readonly [what: string, hex: string];

// What is right next to the errors below, so that a decoder which refuses
// everything doesn't pass.
const fine: readonly Case[] = [
  ["an empty block", ""],
  ["the last static index", "bd"],
  ["a name index with a needless zero octet", "0f8000 0161"],
  ["a name index with needless zero octets", "0f80808000 0161"],
  ["an empty name", "00000161"],
  ["an empty value", "0400"],
  ["an empty Huffman string", "0480"],
  ["Huffman padding of seven bits", "0483002e7f"],
  ["a size update to zero", "20 82"],
  ["a size update to what is allowed", "3fe11f 82"],
  ["two size updates", "20 3fe11f 82"],
  ["nothing but a size update", "3fe11f"],
];

const wrong: readonly Case[] = [
  ["index 0", "80"],
  ["an index behind the static table, the dynamic one being empty", "be"],
  ["an index far behind both tables", "ffffff7f"],
  ["a name index behind both tables, with indexing", "7f00 0161"],
  ["a name index behind both tables, without indexing", "0f30 0161"],
  ["a name index behind both tables, never indexed", "1f30 0161"],
  ["an integer that is cut off", "ff"],
  ["an integer that is cut off within", "ff80"],
  ["an integer of more than four octets and its prefix", "0f8080808000 0161"],
  ["an integer above 2^32", "ffffffffff7f"],
  ["an integer without an end", `ff${"80".repeat(64)}`],
  ["a literal without a name", "00"],
  ["a literal without a value", "000161"],
  ["a literal without a value, its name indexed", "44"],
  ["a name that is cut off", "000361"],
  ["a value that is cut off", "04026f"],
  ["a string whose length is cut off", "047f"],
  ["a string longer than any block", "047fffffff7f61"],
  ["a Huffman string that is cut off", "0484ff"],
  ["end-of-string in a Huffman string", "0484ffffffff"],
  ["end-of-string behind a symbol", "04851fffffffff"],
  ["Huffman padding of eight bits", "0482f8ff"],
  ["Huffman padding of a whole octet", "0481ff"],
  ["Huffman padding with zeros", "048118"],
  ["Huffman padding with one zero", "04811e"],
  ["a size update behind a field", "82 20"],
  ["a size update between two fields", "82 3fe11f 82"],
  ["a size update above what is allowed", "3fe21f"],
  ["a size update far above what is allowed", "3fffffff7f"],
  ["a size update that is cut off", "3f"],
  ["a size update that is cut off within", "3fe1"],
];

describe("a decoder accepts", () => {
  for (const [what, hex] of fine) {
    test(`${what}: ${hex}`, () => {
      decodeFields(createDecoder(), fromHex(hex));
    });
  }
});

describe("a decoder refuses", () => {
  for (const [what, hex] of wrong) {
    test(`${what}: ${hex.slice(0, 24)}`, () => {
      const decoder = createDecoder();
      assert.equal(decode(decoder, fromHex(hex)), undefined);
      assert.equal(decoder.failure, "compression");
    });

    test(`${what}, though the bytes behind the block would complete it`, () => {
      const decoder = createDecoder();
      const block = fromHex(hex);
      const bytes = Buffer.concat([block, Buffer.alloc(300)]);
      assert.equal(decoder.decode(bytes, 0, block.length), undefined);
      assert.equal(decoder.failure, "compression");
    });

    test(`${what}, behind fields that are fine`, () => {
      const decoder = createDecoder();
      // The block's own entry makes one more index a good one.
      const rest = hex === "be" ? "bf" : hex;
      const bytes = fromHex(`82 400161 0162 ${rest}`);
      assert.equal(decode(decoder, bytes), undefined);
      assert.equal(decoder.failure, "compression");
    });
  }

  test("an index of an entry that was evicted", () => {
    const decoder = createDecoder();
    decodeFields(decoder, fromHex("4001610162"));
    decodeFields(decoder, fromHex("be"));
    decodeFields(decoder, fromHex("20 82"));
    assert.equal(decode(decoder, fromHex("be")), undefined);
    assert.equal(decoder.failure, "compression");
  });

  test("an index of an entry that was larger than the table", () => {
    const decoder = createDecoder({ maxTableBytes: 33 });
    decodeFields(decoder, fromHex("4001610162"));
    assert.equal(decoder.table.count, 0);
    assert.equal(decode(decoder, fromHex("be")), undefined);
    assert.equal(decoder.failure, "compression");
  });

  test("a block without the size update that is due", () => {
    const decoder = createDecoder();
    decodeFields(decoder, fromHex("82"));
    decoder.setMaxTableBytes(100);
    assert.equal(decode(decoder, fromHex("82")), undefined);
    assert.equal(decoder.failure, "compression");
  });

  const updates: [announced: number, hex: string][] = [
    [4_096, "3fe11f 82"],
    [200, "3fa901 82"],
  ];
  for (const [announced, hex] of updates) {
    test(`a size update to ${announced} where 100 was announced before`, () => {
      const decoder = createDecoder();
      decoder.setMaxTableBytes(100);
      decoder.setMaxTableBytes(announced);
      assert.equal(decode(decoder, fromHex(hex)), undefined);
      assert.equal(decoder.failure, "compression");
    });
  }
});

describe("a decoder whose table size was changed", () => {
  test("takes the smallest size and then the last one", () => {
    const decoder = createDecoder();
    decoder.setMaxTableBytes(100);
    decoder.setMaxTableBytes(4_096);
    decodeFields(decoder, fromHex("3f45 3fe11f 82"));
    assert.equal(decoder.table.maxBytes, 4_096);
  });

  test("needs no size update if the table is small enough already", () => {
    const decoder = createDecoder();
    decodeFields(decoder, fromHex("20 82"));
    decoder.setMaxTableBytes(100);
    decodeFields(decoder, fromHex("82"));
  });

  test("evicts by a size update", () => {
    const decoder = createDecoder();
    decodeFields(decoder, fromHex("4001610162 4001630164"));
    assert.equal(decoder.table.bytes, 68);
    decodeFields(decoder, fromHex("3f1e be"));
    assert.deepEqual([decoder.table.bytes, decoder.table.count], [34, 1]);
  });
});

test("a decoder forgets its failure with the next block", () => {
  const decoder = createDecoder();
  decode(decoder, fromHex("80"));
  decodeFields(decoder, fromHex("82"));
});
