// The raw HTTP/2 peer's HPACK against the examples of RFC 7541, appendix C;
// raw-http2.test.ts holds it against node:http2.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  indexed,
  integer,
  literal,
  tableSize,
} from "../../support/raw-http2/hpack.ts";
import { HpackReader } from "../../support/raw-http2/hpack-reader.ts";
import { decodeHuffman } from "../../support/raw-http2/huffman.ts";

describe("the raw peers' HPACK, against the examples of RFC 7541, appendix C", () => {
  it("encodes integers", () => {
    assert.equal(integer(10, 5, 0).toString("hex"), "0a");
    assert.equal(integer(1337, 5, 0).toString("hex"), "1f9a0a");
    assert.equal(integer(31, 5, 0xe0).toString("hex"), "ff00");
  });

  it("decodes three responses with Huffman codes and evictions", () => {
    const reader = new HpackReader();
    reader.decode(Buffer.from("3fe101", "hex")); // a table of 256 bytes
    const blocks = [
      "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
      "4883640effc1c0bf",
      "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ].map((hex) => reader.decode(Buffer.from(hex, "hex")));
    const url = "https://www.example.com";
    const at = (seconds: number) => `Mon, 21 Oct 2013 20:13:${seconds} GMT`;
    const cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
    assert.deepEqual(blocks, [
      [
        [":status", "302"],
        ["cache-control", "private"],
        ["date", at(21)],
        ["location", url],
      ],
      [
        [":status", "307"],
        ["cache-control", "private"],
        ["date", at(21)],
        ["location", url],
      ],
      [
        [":status", "200"],
        ["cache-control", "private"],
        ["date", at(22)],
        ["location", url],
        ["content-encoding", "gzip"],
        ["set-cookie", cookie],
      ],
    ]);
  });

  it("forgets what the table has no room for", () => {
    const reader = new HpackReader();
    const entry = (name: string) => literal(name, "v", "incremental");
    reader.decode(Buffer.concat([entry("a"), entry("b"), tableSize(40)]));
    assert.deepEqual(reader.decode(indexed(62)), [["b", "v"]]);
    assert.throws(() => reader.decode(indexed(63)), /no entry/);
  });

  it("refuses what is no Huffman code", () => {
    assert.throws(
      () => decodeHuffman(Buffer.of(0xff, 0xff, 0xff, 0xff)),
      /bad/,
    );
    assert.throws(() => decodeHuffman(Buffer.of(0x00)), /padding/);
  });
});
