// Tests core/errors.ts: the error class, and the line a person sees.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  errorCodes,
  errorMessage,
  PortolanError,
} from "../../../core/errors.ts";

test("A PortolanError has a code, a message, a name and its cause", () => {
  const cause = new Error("deeper");
  const error = new PortolanError("ERR_CLOSED", "it is closed", { cause });
  assert.ok(error instanceof Error);
  assert.equal(error.code, "ERR_CLOSED");
  assert.equal(error.message, "it is closed");
  assert.equal(error.name, "PortolanError");
  assert.equal(error.cause, cause);
});

test("Every code is spelled alike and has a sentence", () => {
  for (const [code, sentence] of Object.entries(errorCodes)) {
    assert.match(code, /^ERR_[A-Z]+(?:_[A-Z]+)*$/);
    assert.match(sentence, /^[A-Z].*\.$/);
  }
});

describe("errorMessage() makes one line of", () => {
  const table: [what: string, reason: unknown, expected: string][] = [
    ["an error", new Error("broken"), "broken"],
    ["a PortolanError", new PortolanError("ERR_USAGE", "no flag"), "no flag"],
    ["a text", "broken", "broken"],
    ["undefined", undefined, "undefined"],
    ["a number", 7, "7"],
  ];
  for (const [what, reason, expected] of table) {
    test(what, () => assert.equal(errorMessage(reason), expected));
  }
});
