// Tests scripts/size.ts: the longest file that is allowed, and exceptions.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkSize, MAX_LINES } from "../../../scripts/size.ts";

const longest = "x\n".repeat(MAX_LINES);
const tooLong = `${longest}x\n`;

describe("checkSize()", () => {
  const table: {
    what: string;
    sources: [file: string, text: string][];
    longer?: Record<string, string>;
    expected: string[];
  }[] = [
    {
      what: "accepts the most lines",
      sources: [["core/a.ts", longest]],
      expected: [],
    },
    {
      what: "reports a line more",
      sources: [["core/a.ts", tooLong]],
      expected: ["core/a.ts: 301 lines, more than 300"],
    },
    {
      what: "counts a last line without an end",
      sources: [["core/a.ts", `${longest}x`]],
      expected: ["core/a.ts: 301 lines, more than 300"],
    },
    {
      what: "leaves generated code out",
      sources: [["gen/a_pb.ts", tooLong]],
      expected: [],
    },
    {
      what: "accepts a listed exception",
      sources: [["core/a.ts", tooLong]],
      longer: { "core/a.ts": "a table" },
      expected: [],
    },
    {
      what: "reports an exception that is not needed any more",
      sources: [["core/a.ts", longest]],
      longer: { "core/a.ts": "a table", "core/gone.ts": "a table" },
      expected: [
        "core/a.ts: needs no exception any more",
        "core/gone.ts: needs no exception any more",
      ],
    },
  ];
  for (const { what, sources, longer, expected } of table) {
    test(what, () => {
      assert.deepEqual(checkSize(new Map(sources), longer ?? {}), expected);
    });
  }
});
