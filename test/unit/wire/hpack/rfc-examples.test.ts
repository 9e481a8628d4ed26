// The examples of RFC 7541, appendix C: decoded all, and encoded as far as
// this encoder, which indexes what it sees again, does what they show.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createHeaderBlock } from "../../../../wire/header-block.ts";
import { HpackEncoder } from "../../../../wire/hpack/encoder.ts";
import { writeInteger } from "../../../../wire/hpack/primitives.ts";
import { HpackReader } from "../../../../wire/hpack/reader.ts";
import {
  createDecoder,
  decode,
  decodeFields,
  fromHex,
  type Pair,
  tableEntries,
  toPairs,
} from "./blocks.ts";

describe("the integers of RFC 7541, C.1", () => {
  const table: [value: number, prefixBits: number, hex: string][] = [
    [10, 5, "0a"],
    [1_337, 5, "1f9a0a"],
    [42, 8, "2a"],
  ];
  for (const [value, prefixBits, hex] of table) {
    test(`${value} with a prefix of ${prefixBits} bits is ${hex}`, () => {
      const bytes = Buffer.alloc(8);
      const end = writeInteger(bytes, 0, 0, prefixBits, value);
      assert.equal(bytes.toString("hex", 0, end), hex);
      const reader = new HpackReader();
      reader.open(bytes, 0, end);
      assert.equal(reader.readInteger((1 << prefixBits) - 1), value);
      assert.equal(reader.position, end);
    });
  }
});

describe("the fields of RFC 7541, C.2", () => {
  const table: [
    what: string,
    hex: string,
    field: Pair,
    neverIndexed: boolean,
    tableBytes: number,
  ][] = [
    [
      "C.2.1, with indexing",
      "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
      ["custom-key", "custom-header"],
      false,
      55,
    ],
    [
      "C.2.2, without indexing",
      "040c2f73616d706c652f70617468",
      [":path", "/sample/path"],
      false,
      0,
    ],
    [
      "C.2.3, never indexed",
      "100870617373776f726406736563726574",
      ["password", "secret"],
      true,
      0,
    ],
    ["C.2.4, indexed", "82", [":method", "GET"], false, 0],
  ];
  for (const [what, hex, field, neverIndexed, tableBytes] of table) {
    test(what, () => {
      const decoder = createDecoder();
      const block = decode(decoder, fromHex(hex));
      assert.ok(block !== undefined);
      assert.deepEqual(toPairs(block), [field]);
      assert.equal(block.fields[0]?.neverIndexed, neverIndexed);
      assert.equal(decoder.table.bytes, tableBytes);
    });
  }
});

interface Example {
  /** By letter and number of the section. */
  readonly what: string;
  readonly plainHex: string;
  readonly huffmanHex: string;
  readonly fields: readonly Pair[];
  readonly tableBytes: number;
  /** The newest first. */
  readonly table: readonly Pair[];
  /** Where the RFC's encoder prefers Huffman though it isn't shorter. */
  readonly isEncodedOtherwise?: boolean;
}

const requestStart: readonly Pair[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "www.example.com"],
];

const requests: readonly Example[] = [
  {
    what: "the first request",
    plainHex: "828684410f7777772e6578616d706c652e636f6d",
    huffmanHex: "828684418cf1e3c2e5f23a6ba0ab90f4ff",
    fields: requestStart,
    tableBytes: 57,
    table: [[":authority", "www.example.com"]],
  },
  {
    what: "the second request",
    plainHex: "828684be58086e6f2d6361636865",
    huffmanHex: "828684be5886a8eb10649cbf",
    fields: [...requestStart, ["cache-control", "no-cache"]],
    tableBytes: 110,
    table: [
      ["cache-control", "no-cache"],
      [":authority", "www.example.com"],
    ],
  },
  {
    what: "the third request",
    plainHex: "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    huffmanHex: "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    fields: [
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/index.html"],
      [":authority", "www.example.com"],
      ["custom-key", "custom-value"],
    ],
    tableBytes: 164,
    table: [
      ["custom-key", "custom-value"],
      ["cache-control", "no-cache"],
      [":authority", "www.example.com"],
    ],
  },
];

const DATE_21: Pair = ["date", "Mon, 21 Oct 2013 20:13:21 GMT"];
const DATE_22: Pair = ["date", "Mon, 21 Oct 2013 20:13:22 GMT"];
const LOCATION: Pair = ["location", "https://www.example.com"];
const PRIVATE: Pair = ["cache-control", "private"];
const COOKIE: Pair = [
  "set-cookie",
  "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
];

const responses: readonly Example[] = [
  {
    what: "the first response",
    plainHex: `4803333032580770726976617465611d4d6f6e2c203231204f6374203230
      31332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c
      652e636f6d`,
    huffmanHex: `488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e0
      82a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3`,
    fields: [[":status", "302"], PRIVATE, DATE_21, LOCATION],
    tableBytes: 222,
    table: [LOCATION, DATE_21, PRIVATE, [":status", "302"]],
  },
  {
    what: "the second response",
    plainHex: "4803333037c1c0bf",
    huffmanHex: "4883640effc1c0bf",
    fields: [[":status", "307"], PRIVATE, DATE_21, LOCATION],
    tableBytes: 222,
    table: [[":status", "307"], LOCATION, DATE_21, PRIVATE],
    isEncodedOtherwise: true,
  },
  {
    what: "the third response",
    plainHex: `88c1611d4d6f6e2c203231204f637420323031332032303a31333a32322047
      4d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541
      585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31`,
    huffmanHex: `88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839b
      d9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f95
      87316065c003ed4ee5b1063d5007`,
    fields: [
      [":status", "200"],
      PRIVATE,
      DATE_22,
      LOCATION,
      ["content-encoding", "gzip"],
      COOKIE,
    ],
    tableBytes: 215,
    table: [COOKIE, ["content-encoding", "gzip"], DATE_22],
  },
];

const sections: [
  what: string,
  examples: readonly Example[],
  tableBytes: number,
][] = [
  ["the requests of RFC 7541, C.3 and C.4", requests, 4_096],
  ["the responses of RFC 7541, C.5 and C.6", responses, 256],
];

for (const [what, examples, maxTableBytes] of sections) {
  describe(what, () => {
    for (const hex of ["plainHex", "huffmanHex"] as const) {
      test(`are decoded from ${hex}, and fill the table as shown`, () => {
        const decoder = createDecoder({ maxTableBytes });
        for (const example of examples) {
          const fields = decodeFields(decoder, fromHex(example[hex]));
          assert.deepEqual(fields, example.fields, example.what);
          assert.equal(decoder.table.bytes, example.tableBytes);
          assert.deepEqual(tableEntries(decoder.table), example.table);
        }
      });
    }

    test("are encoded as shown, once their fields were seen before", () => {
      const encoder = new HpackEncoder();
      encoder.setPeerTableBytes(maxTableBytes);
      // Says the table size, which the examples leave out.
      encoder.encode(createHeaderBlock([]));
      for (const example of examples) {
        const known = tableEntries(encoder.table).map(String);
        const news = example.fields.filter((f) => !known.includes(String(f)));
        encoder.encode(createHeaderBlock(news));
        const bytes = encoder.encode(createHeaderBlock(example.fields));
        if (example.isEncodedOtherwise !== true) {
          assert.deepEqual(bytes, fromHex(example.huffmanHex), example.what);
        }
        assert.equal(encoder.table.bytes, example.tableBytes);
        assert.deepEqual(tableEntries(encoder.table), example.table);
      }
    });
  });
}
