// What an encoder puts into its table and when, what it never puts there, how
// it tells changes of the table's size, and what it remembers.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  createHeaderBlock,
  type HeaderBlock,
  HeaderField,
} from "../../../../wire/header-block.ts";
import { HpackEncoder } from "../../../../wire/hpack/encoder.ts";
import { createDecoder, decode, type Pair, tableEntries } from "./blocks.ts";

function encodeHex(encoder: HpackEncoder, ...fields: Pair[]): string {
  return encoder.encode(createHeaderBlock(fields)).toString("hex");
}

describe("an encoder's table", () => {
  test("takes a field when it is seen for the second time", () => {
    const encoder = new HpackEncoder();
    assert.equal(encodeHex(encoder, ["a", "b"]), "0001610162");
    assert.equal(encodeHex(encoder, ["a", "b"]), "4001610162");
    assert.equal(encodeHex(encoder, ["a", "b"]), "be");
  });

  test("takes a field when it is seen twice in one block", () => {
    const hex = encodeHex(new HpackEncoder(), ["a", "b"], ["a", "b"]);
    assert.equal(hex, "00016101624001610162");
  });

  test("isn't needed for what the static table has", () => {
    const encoder = new HpackEncoder();
    const fields: Pair[] = [
      [":method", "POST"],
      [":status", "500"],
      ["accept-encoding", "gzip, deflate"],
      ["www-authenticate", ""],
      [":path", "/a"],
      ["location", "/"],
    ];
    assert.equal(encodeHex(encoder, ...fields), "838e90bd04022f610f1f012f");
    assert.equal(encoder.table.count, 0);
  });

  test("keeps out values that are new on every call", () => {
    const encoder = new HpackEncoder();
    for (let i = 0; i < 1_000; i++) {
      encodeHex(encoder, ["content-length", `${i}`], [":path", `/${i}`]);
    }
    assert.equal(encoder.table.insertions, 0);
  });

  test("takes one of them for the sake of a name unknown so far", () => {
    const encoder = new HpackEncoder();
    for (let i = 0; i < 1_000; i++)
      encodeHex(encoder, ["grpc-timeout", `${i}S`]);
    assert.deepEqual(tableEntries(encoder.table), [["grpc-timeout", "7S"]]);
    assert.equal(encodeHex(encoder, ["grpc-timeout", "1S"]), "0f2f023153");
  });

  test("takes a value that returns among a few others, but not many", () => {
    for (const [others, insertions] of [
      [3, 1],
      [4, 0],
    ] as const) {
      const encoder = new HpackEncoder();
      encodeHex(encoder, [":path", "/mine"]);
      for (let i = 0; i < others; i++) encodeHex(encoder, [":path", `/${i}`]);
      encodeHex(encoder, [":path", "/mine"]);
      assert.equal(encoder.table.insertions, insertions, `${others} others`);
    }
  });

  test("keeps out what takes more than half of it", () => {
    const encoder = new HpackEncoder({ maxTableBytes: 100 });
    for (let i = 0; i < 3; i++) {
      encodeHex(encoder, ["b", "x".repeat(17)], ["a", "x".repeat(18)]);
    }
    assert.deepEqual(tableEntries(encoder.table), [["b", "x".repeat(17)]]);
  });

  test("evicts, and learns what was evicted anew", () => {
    const encoder = new HpackEncoder({ maxTableBytes: 100 });
    const decoder = createDecoder();
    for (let round = 0; round < 20; round++) {
      for (const name of ["a", "b", "c", "d"]) {
        const block = createHeaderBlock([[name, `${round % 3}`]]);
        for (let i = 0; i < 3; i++) {
          const decoded = decode(decoder, encoder.encode(block));
          assert.deepEqual(decoded?.get(name), `${round % 3}`);
        }
        assert.equal(encoder.table.get(0)?.name, name);
      }
    }
    assert.equal(encoder.table.count, 2);
    assert.deepEqual(tableEntries(encoder.table), tableEntries(decoder.table));
  });
});

test("fields of one encoder's table are strangers to another encoder", () => {
  const first = new HpackEncoder();
  const second = new HpackEncoder();
  const block = createHeaderBlock([["a", "b"]]);
  for (let i = 0; i < 3; i++) first.encode(block);
  for (let i = 0; i < 3; i++) encodeHex(second, ["c", "d"]);
  assert.equal(second.encode(block).toString("hex"), "0001610162");
  assert.equal(first.encode(block).toString("hex"), "be");
});

describe("a field never to be indexed", () => {
  const secret = new HeaderField("authorization", "x", true);

  test("is said to be one each time, and kept so by a decoder", () => {
    const encoder = new HpackEncoder();
    const decoder = createDecoder();
    for (let i = 0; i < 3; i++) {
      const bytes = encoder.encode(createHeaderBlock([secret]));
      assert.equal(bytes.toString("hex"), "1f080178");
      const field = decode(decoder, bytes)?.fields[0];
      assert.equal(field?.neverIndexed, true);
    }
    assert.equal(encoder.table.insertions, 0);
  });

  test("is said to be one even if a table has its like", () => {
    const encoder = new HpackEncoder();
    const plain = new HeaderField("a", "b");
    const never = new HeaderField("a", "b", true);
    for (let i = 0; i < 3; i++) encoder.encode(createHeaderBlock([plain]));
    const get = new HeaderField(":method", "GET", true);
    const bytes = encoder.encode(createHeaderBlock([never, get]));
    assert.equal(bytes.toString("hex"), "1f2f016212 03474554".replace(" ", ""));
  });

  test("doesn't count as an appearance of its like", () => {
    const encoder = new HpackEncoder();
    const never = new HeaderField("a", "b", true);
    for (let i = 0; i < 9; i++) encoder.encode(createHeaderBlock([never]));
    assert.equal(encodeHex(encoder, ["a", "b"]), "0001610162");
  });
});

describe("a size update", () => {
  const table: [what: string, own: number, peer: number[], hex: string][] = [
    ["isn't needed for the default", 4_096, [], ""],
    ["isn't needed if the peer repeats the default", 4_096, [4_096], ""],
    ["isn't needed if the peer allows more than we want", 4_096, [65_536], ""],
    ["says what we want if it is less", 100, [], "3f45"],
    ["says what we want if it is more", 8_192, [65_536], "3fe13f"],
    ["says what the peer allows if it is less", 4_096, [100], "3f45"],
    ["says zero", 4_096, [0], "20"],
    ["says the smallest and the last", 4_096, [100, 0, 200, 4_096], "203fe11f"],
    ["says the smallest once if it is the last", 4_096, [200, 100], "3f45"],
    ["says nothing of larger ones in between", 4_096, [65_536, 100], "3f45"],
    ["says less and then more", 8_192, [10, 8_192], "2a3fe13f"],
  ];
  for (const [what, maxTableBytes, peer, hex] of table) {
    test(what, () => {
      const encoder = new HpackEncoder({ maxTableBytes });
      for (const bytes of peer) encoder.setPeerTableBytes(bytes);
      assert.equal(encodeHex(encoder, [":method", "GET"]), `${hex}82`);
      // Once, and not again.
      assert.equal(encodeHex(encoder, [":method", "GET"]), "82");
    });
  }

  test("evicts, and comes before a block that was remembered", () => {
    const encoder = new HpackEncoder();
    const block = createHeaderBlock([["a", "b"]]);
    for (let i = 0; i < 4; i++) encoder.encode(block);
    encoder.setPeerTableBytes(0);
    encoder.setPeerTableBytes(4_096);
    assert.equal(encoder.encode(block).toString("hex"), "203fe11f0001610162");
    assert.equal(encoder.table.count, 0);
  });

  test("to zero leaves an encoder that works without a table", () => {
    const encoder = new HpackEncoder({ maxTableBytes: 0 });
    for (const prefix of ["20", "", ""]) {
      assert.equal(encodeHex(encoder, ["a", "b"]), `${prefix}0001610162`);
    }
  });
});

describe("an encoder's memo", () => {
  const block = () => createHeaderBlock([["a", "b"]]);

  test("gives the same bytes for a block that became stable", () => {
    const encoder = new HpackEncoder();
    const repeated = block();
    for (let i = 0; i < 3; i++) encoder.encode(repeated);
    assert.deepEqual([encoder.memoHits, encoder.memoMisses], [0, 3]);
    const first = encoder.encode(repeated);
    assert.equal(encoder.encode(repeated), first);
    assert.deepEqual([encoder.memoHits, encoder.memoMisses], [2, 3]);
  });

  test("survives other blocks that don't change the table", () => {
    const encoder = new HpackEncoder();
    const repeated = block();
    for (let i = 0; i < 3; i++) encoder.encode(repeated);
    for (let i = 0; i < 99; i++) encodeHex(encoder, [":path", `/${i}`]);
    assert.equal(encoder.encode(repeated).toString("hex"), "be");
    assert.equal(encoder.memoHits, 1);
  });

  test("is forgotten when the table changes, for indices move", () => {
    const encoder = new HpackEncoder();
    const repeated = block();
    for (let i = 0; i < 4; i++) encoder.encode(repeated);
    for (let i = 0; i < 2; i++) encodeHex(encoder, ["c", "d"]);
    assert.equal(encoder.encode(repeated).toString("hex"), "bf");
  });

  test("is bounded", () => {
    const encoder = new HpackEncoder();
    const blocks: HeaderBlock[] = [];
    for (let i = 0; i < 129; i++) {
      blocks.push(createHeaderBlock([[":method", "GET"]]));
    }
    for (const given of blocks) encoder.encode(given);
    encoder.encode(blocks[0] as HeaderBlock);
    assert.equal(encoder.memoHits, 0);
    encoder.encode(blocks[128] as HeaderBlock);
    assert.equal(encoder.memoHits, 1);
  });

  test("may be turned off", () => {
    const encoder = new HpackEncoder({ memo: false });
    const repeated = block();
    for (let i = 0; i < 9; i++) encoder.encode(repeated);
    assert.equal(encoder.memoHits, 0);
    assert.equal(encoder.encode(repeated).toString("hex"), "be");
  });
});

test("a block of any size is encoded", () => {
  const encoder = new HpackEncoder();
  const decoder = createDecoder();
  // "{" is longer in Huffman's code, "0" shorter.
  for (const text of ["{", "0"]) {
    for (const length of [0, 1, 126, 127, 128, 5_000, 70_000, 200_000]) {
      const value = text.repeat(length);
      const bytes = encoder.encode(createHeaderBlock([["x", value]]));
      assert.equal(decode(decoder, bytes)?.get("x"), value);
    }
  }
});
