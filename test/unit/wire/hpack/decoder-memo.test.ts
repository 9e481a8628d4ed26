// What a decoder remembers: the same bytes give the same block, as long as the
// table is the same.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  createDecoder,
  decode,
  decodeFields,
  fromHex,
  toPairs,
} from "./blocks.ts";

const PLAIN = fromHex("82 04022f61 0001610162");

describe("a decoder's memo", () => {
  test("gives the same block for the same bytes, wherever they lie", () => {
    const decoder = createDecoder();
    const first = decode(decoder, PLAIN);
    const shifted = Buffer.concat([fromHex("ffff"), PLAIN, fromHex("ff")]);
    const second = decoder.decode(shifted, 2, 2 + PLAIN.length);
    assert.equal(second, first);
    assert.deepEqual([decoder.memoHits, decoder.memoMisses], [1, 1]);
  });

  test("has a copy of the bytes", () => {
    const decoder = createDecoder();
    const bytes = Buffer.from(PLAIN);
    decode(decoder, bytes);
    bytes[bytes.length - 1] = 0x63;
    assert.equal(decode(decoder, bytes)?.get("a"), "c");
    assert.equal(decode(decoder, PLAIN)?.get("a"), "b");
  });

  test("tells all blocks apart that differ in one byte", () => {
    const decoder = createDecoder();
    const bytes = fromHex("0010 61626364656667686162636465666768 0141");
    for (let round = 0; round < 2; round++) {
      for (let at = 2; at < 18; at++) {
        for (const character of [0x78, 0x79, 0x7a]) {
          const changed = Buffer.from(bytes);
          changed[at] = character;
          const name = changed.toString("latin1", 2, 18);
          assert.deepEqual(decodeFields(decoder, changed), [[name, "A"]]);
        }
      }
    }
    assert.equal(decoder.memoHits, 48);
  });

  test("tells a block from its beginning", () => {
    const decoder = createDecoder();
    for (let round = 0; round < 2; round++) {
      for (let count = 0; count <= 8; count++) {
        const block = decode(decoder, fromHex("82".repeat(count)));
        assert.equal(block?.fields.length, count);
      }
    }
    assert.equal(decoder.memoHits, 9);
  });

  const changes: [what: string, hex: string][] = [
    ["an insertion", "4001630164"],
    ["a size update", "20"],
    ["a field larger than the table", `40016345${"64".repeat(69)}`],
  ];
  for (const [what, hex] of changes) {
    test(`is forgotten at ${what}`, () => {
      const decoder = createDecoder({ maxTableBytes: 100 });
      decodeFields(decoder, fromHex("4001610162"));
      const bytes = fromHex("82");
      const first = decode(decoder, bytes);
      assert.equal(decode(decoder, bytes), first);
      decodeFields(decoder, fromHex(hex));
      assert.notEqual(decode(decoder, bytes), first);
    });
  }

  test("is forgotten at an insertion by a block that was refused", () => {
    const decoder = createDecoder({ maxFields: 2 });
    decodeFields(decoder, fromHex("4001610162"));
    assert.deepEqual(decodeFields(decoder, fromHex("be")), [["a", "b"]]);
    decode(decoder, fromHex("8282824001630164"));
    assert.equal(decoder.failure, "oversize");
    assert.deepEqual(decodeFields(decoder, fromHex("be")), [["c", "d"]]);
  });

  test("has no block that changes the table", () => {
    const decoder = createDecoder();
    for (let count = 1; count <= 3; count++) {
      decodeFields(decoder, fromHex("4001610162"));
      assert.equal(decoder.table.count, count);
    }
    assert.equal(decoder.memoHits, 0);
  });

  test("has no block that was refused", () => {
    const decoder = createDecoder({ maxFields: 2 });
    for (const hex of ["828282", "82828282", "80"]) {
      for (let i = 0; i < 2; i++) {
        assert.equal(decode(decoder, fromHex(hex)), undefined);
        assert.notEqual(decoder.failure, undefined);
      }
    }
  });

  test("isn't asked when a size update is due", () => {
    const decoder = createDecoder();
    decode(decoder, PLAIN);
    decoder.setMaxTableBytes(0);
    assert.equal(decode(decoder, PLAIN), undefined);
  });

  test("is bounded in blocks and in bytes", () => {
    const many = createDecoder();
    for (let i = 0; i < 129; i++) decode(many, fromHex("82".repeat(i)));
    decode(many, fromHex("82"));
    assert.equal(many.memoHits, 0);
    decode(many, fromHex("82".repeat(128)));
    assert.equal(many.memoHits, 1);

    const large = createDecoder({ maxFields: 10_000 });
    for (let i = 0; i < 2; i++) decode(large, fromHex("82".repeat(1_024)));
    assert.equal(large.memoHits, 1);
    for (let i = 0; i < 2; i++) decode(large, fromHex("82".repeat(1_025)));
    assert.equal(large.memoHits, 1);
    for (let i = 1_000; i < 1_024; i++) {
      decode(large, fromHex("82".repeat(i)));
    }
    decode(large, fromHex("82".repeat(1_000)));
    assert.equal(large.memoHits, 1);
  });

  test("may be turned off", () => {
    const decoder = createDecoder({ memo: false });
    const first = decode(decoder, PLAIN);
    const second = decode(decoder, PLAIN);
    assert.ok(first !== undefined && second !== undefined);
    assert.notEqual(first, second);
    assert.deepEqual(toPairs(first), toPairs(second));
  });
});

test("an indexed field is the table's object, not a copy", () => {
  const decoder = createDecoder({ memo: false });
  const entered = decode(decoder, fromHex("4001610162"))?.fields[0];
  assert.ok(entered !== undefined);
  assert.equal(decode(decoder, fromHex("be"))?.fields[0], entered);
});
