// What the greeter says, without any transport.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  chat,
  countdown,
  hello,
  helloAll,
  InvalidInputError,
  MAX_FROM,
  MAX_NAME_LENGTH,
  MAX_NAMES,
} from "../../../../services/greeter/greeter.ts";

async function* stream(names: Iterable<string>): AsyncGenerator<string> {
  yield* names;
}

test("Hello greets by name, and the world if there is none.", () => {
  assert.equal(hello("john"), "Hello john");
  assert.equal(hello(""), "Hello world");
});

const countdowns: [from: number, lines: string[]][] = [
  [0, ["Hello ann"]],
  [1, ["1", "Hello ann"]],
  [3, ["3", "2", "1", "Hello ann"]],
];

for (const [from, lines] of countdowns) {
  test(`A countdown from ${from} says ${lines.join(", ")}.`, () => {
    assert.deepEqual([...countdown(from, "ann")], lines);
  });
}

test("A countdown from the highest number has a line for each and one more.", () => {
  assert.equal([...countdown(MAX_FROM, "")].length, MAX_FROM + 1);
});

for (const from of [-1, MAX_FROM + 1, 0.5, Number.NaN]) {
  test(`A countdown from ${from} is refused before its first line.`, () => {
    assert.throws(
      () => countdown(from, "ann"),
      new InvalidInputError(`from must be between 0 and 1000, not ${from}`),
    );
  });
}

const sentences: [names: string[], greeting: string][] = [
  [["ann"], "Hello ann"],
  [["ann", "bob"], "Hello ann and bob"],
  [["ann", "bob", "cy"], "Hello ann, bob and cy"],
  [["ann", ""], "Hello ann and world"],
];

for (const [names, greeting] of sentences) {
  test(`${JSON.stringify(names)} are greeted with "${greeting}".`, async () => {
    const count = names.length;
    assert.deepEqual(await helloAll(stream(names)), { greeting, count });
  });
}

const refused: [why: string, names: string[], message: string][] = [
  ["no name", [], "there is no name: send at least one"],
  [
    "too many names",
    Array(MAX_NAMES + 1).fill("ann"),
    "there are more than 1000 names",
  ],
  [
    "a long name",
    ["a".repeat(MAX_NAME_LENGTH + 1)],
    "a name is longer than 1000 characters",
  ],
];

for (const [why, names, message] of refused) {
  test(`Greeting all is refused for ${why}.`, async () => {
    await assert.rejects(
      helloAll(stream(names)),
      new InvalidInputError(message),
    );
  });
}

test("As many and as long names as allowed are greeted.", async () => {
  const names = Array(MAX_NAMES).fill("a".repeat(MAX_NAME_LENGTH));
  assert.equal((await helloAll(stream(names))).count, MAX_NAMES);
});

test("Names after the first too many are not even read.", async () => {
  let read = 0;
  async function* endless() {
    for (;;) {
      read++;
      yield "ann";
    }
  }
  await assert.rejects(helloAll(endless()), InvalidInputError);
  assert.equal(read, MAX_NAMES + 1);
});

test("A line of a chat is repeated, and silence is noticed.", () => {
  assert.equal(chat("good morning"), "You said: good morning");
  assert.equal(chat(""), "You said nothing");
});
