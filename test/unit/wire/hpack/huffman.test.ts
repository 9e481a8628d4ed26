// Tests wire/hpack/huffman.ts: every symbol alone, at every bit offset and
// between others. That the code is the RFC's is proven by foreign encoders.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  decodeHuffman,
  encodeHuffman,
  huffmanLength,
  maxDecodedBytes,
} from "../../../../wire/hpack/huffman.ts";
import { codeLengths, codes } from "../../../../wire/hpack/huffman-codes.ts";

describe("the code of RFC 7541, appendix B", () => {
  // Samples of all lengths.
  const table: [symbol: number, code: number, bits: number][] = [
    [0x30, 0x0, 5],
    [0x74, 0x9, 5],
    [0x20, 0x14, 6],
    [0x3a, 0x5c, 7],
    [0x26, 0xf8, 8],
    [0x21, 0x3f8, 10],
    [0x7c, 0x7fc, 11],
    [0x23, 0xffa, 12],
    [0x00, 0x1ff8, 13],
    [0x5e, 0x3ffc, 14],
    [0x3c, 0x7ffc, 15],
    [0x5c, 0x7fff0, 19],
    [0x80, 0xfffe6, 20],
    [0x99, 0x1fffdc, 21],
    [0x81, 0x3fffd2, 22],
    [0x01, 0x7fffd8, 23],
    [0x09, 0xffffea, 24],
    [0xc7, 0x1ffffec, 25],
    [0xc0, 0x3ffffe0, 26],
    [0xcb, 0x7ffffde, 27],
    [0x02, 0xfffffe2, 28],
    [0x0a, 0x3ffffffc, 30],
    [0x16, 0x3ffffffe, 30],
    [0x100, 0x3fffffff, 30],
  ];
  for (const [symbol, code, bits] of table) {
    test(`has ${code.toString(16)} in ${bits} bits for ${symbol}`, () => {
      assert.deepEqual([codes[symbol], codeLengths[symbol]], [code, bits]);
    });
  }

  test("is complete: no bits are without meaning", () => {
    const sum = codeLengths.reduce((total, bits) => total + 2 ** -bits, 0);
    assert.equal(sum, 1);
  });
});

describe("Huffman strings", () => {
  test("come back, each symbol at each offset of bits", () => {
    for (let symbol = 0; symbol < 256; symbol++) {
      const character = String.fromCharCode(symbol);
      // "0" has 5 bits, so eight of them visit all offsets.
      for (let zeros = 0; zeros < 8; zeros++) {
        const text = "0".repeat(zeros) + character;
        roundTrip(text);
        roundTrip(`${text}${character}a`);
      }
    }
  });

  test("come back, long ones too", () => {
    const all = String.fromCharCode(...Array(256).keys());
    roundTrip("");
    roundTrip(all.repeat(300));
    roundTrip("0".repeat(100_000));
  });

  test("are decoded and encoded where they lie", () => {
    const target = Buffer.alloc(10, 7);
    const end = encodeHuffman("aaaaaaaa", target, 2);
    assert.equal(target.toString("hex"), "070718c6318c63070707");
    assert.equal(end, 7);
    const decoded = Buffer.alloc(10, 7);
    assert.equal(decodeHuffman(target, 2, 7, decoded), 8);
    assert.equal(decoded.toString("latin1"), "aaaaaaaa\x07\x07");
  });
});

function roundTrip(text: string): void {
  const bytes = Buffer.alloc(huffmanLength(text));
  assert.equal(encodeHuffman(text, bytes, 0), bytes.length);
  const decoded = Buffer.alloc(maxDecodedBytes(bytes.length));
  const length = decodeHuffman(bytes, 0, bytes.length, decoded);
  assert.equal(length, text.length);
  if (decoded.toString("latin1", 0, length) !== text) assert.fail(text);
}
