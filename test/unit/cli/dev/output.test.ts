import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { formatLine } from "../../../../cli/dev/output.ts";

/** What a person reads; on a terminal it has colours besides. */
function format(line: string | Record<string, unknown>): string {
  const text = typeof line === "string" ? line : JSON.stringify(line);
  return stripVTControlCharacters(formatLine(text));
}

const time = "2026-01-01T00:00:00.000Z";

suite("A line of a service, for people", () => {
  test("is the level, the message, and then the other fields", () => {
    const line = { level: "info", time, name: "say", from: "ann", msg: "came" };
    assert.equal(format(line), "info  came from=ann");
    assert.equal(format({ ...line, level: "error" }), "error came from=ann");
  });

  test("shows what is no text as JSON", () => {
    const line = {
      ...{ level: "info", time, name: "x", msg: "m" },
      ...{ count: 1, ok: true, services: ["a", "b"], none: null },
    };
    const expected = 'info  m count=1 ok=true services=["a","b"] none=null';
    assert.equal(format(line), expected);
  });

  test("puts a stack below", () => {
    const stack = "Error: no\n    at a.ts:1:1";
    const line = { level: "error", time, name: "x", msg: "call", stack };
    assert.equal(format(line), `error call\n${stack}`);
  });

  test("does not stumble over a level that it does not know", () => {
    const line = { level: 30, time, name: "x", msg: "m" };
    assert.equal(format(line), "30    m");
  });

  for (const line of [
    "",
    "any text",
    '{"json":"but no log line"}',
    '{"level":"info","msg":"cut o',
    "Error: no\tat a.ts:1:1",
  ]) {
    test(`stays as it is if it is none of our log: ${JSON.stringify(line)}`, () => {
      assert.equal(format(line), line);
    });
  }
});
