// Integers at the edges of their forms, and the static table, octet by octet.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { writeInteger } from "../../../../wire/hpack/primitives.ts";
import { HpackReader } from "../../../../wire/hpack/reader.ts";
import {
  STATIC_COUNT,
  staticFields,
} from "../../../../wire/hpack/static-table.ts";

describe("integers", () => {
  for (let prefixBits = 4; prefixBits <= 8; prefixBits++) {
    test(`come back with a prefix of ${prefixBits} bits`, () => {
      const mask = (1 << prefixBits) - 1;
      const bytes = Buffer.alloc(16);
      const reader = new HpackReader();
      const edges = [14, 21, 28].flatMap((bits) => {
        const edge = mask + 2 ** bits;
        return bits === 28 ? [edge - 1] : [edge - 1, edge, edge + 1];
      });
      for (const value of [...Array(1_000).keys(), ...edges]) {
        const end = writeInteger(bytes, 0, 0, prefixBits, value);
        reader.open(bytes, 0, end);
        assert.equal(reader.readInteger(mask), value);
        assert.equal(reader.position, end);
        // No octet more than needed.
        assert.ok(end === 1 || bytes[end - 1] !== 0 || value === mask);
      }
    });
  }

  test("leave the bits in front of the prefix alone", () => {
    const bytes = Buffer.alloc(4);
    writeInteger(bytes, 0, 0x40, 6, 5);
    assert.equal(bytes[0], 0x45);
    writeInteger(bytes, 0, 0x40, 6, 100);
    assert.equal(bytes[0], 0x7f);
  });
});

test("the static table is that of RFC 7541, appendix A", () => {
  const fields = staticFields.slice(1);
  assert.equal(fields.length, STATIC_COUNT);
  const lines = fields.map(({ name, value }) => `${name}\t${value}\n`);
  assert.equal(
    createHash("sha256").update(lines.join("")).digest("hex"),
    "ffb4dba2039bc07ce99527d7ac07ca1cfbb215cbda51bc5b10b06e66de27e71c",
  );
});
