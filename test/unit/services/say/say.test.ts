// How a message is answered, without any transport.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, InvalidInputError } from "../../../../services/say/say.ts";

test("A message is answered ok, from who was spoken to, to who spoke.", () => {
  const message = { from: "client", to: "server", msg: "hello aoho" };
  const reply = { from: "server", to: "client", msg: "ok" };
  assert.deepEqual(answer(message), reply);
  assert.deepEqual(answer({ ...message, msg: "" }), reply);
});

const refused: [from: string, to: string, message: string][] = [
  ["", "server", "from is empty"],
  ["client", "", "to is empty"],
  ["c".repeat(201), "server", "from is longer than 200 characters"],
  ["client", "s".repeat(201), "to is longer than 200 characters"],
];

for (const [from, to, message] of refused) {
  test(`A message is refused when ${message}.`, () => {
    assert.throws(
      () => answer({ from, to, msg: "hello" }),
      new InvalidInputError(message),
    );
  });
}
