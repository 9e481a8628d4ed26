// What may stand in a file of static instances.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeInstance, State } from "../../../../../core/index.ts";
import { parseStaticFile } from "../../../../../mesh/registry/static/file.ts";
import { instance } from "../support.ts";

function read(text: string) {
  const instances = parseStaticFile(text);
  assert.ok(!(instances instanceof Error), String(instances));
  return instances;
}

describe("parseStaticFile()", () => {
  test("reads services and their addresses", () => {
    const instances = read('{ "a.v1.A": ["h:1", "h:2"], "b.v1.B": ["h:1"] }');
    assert.deepEqual(
      instances.map(({ address, services }) => [address, ...services]),
      [
        ["h:1", "a.v1.A", "b.v1.B"],
        ["h:2", "a.v1.A"],
      ],
    );
  });

  test("reads instance records with all they say", () => {
    const one = instance({ zone: "b", version: "2", metadata: { a: "b" } });
    const instances = read(`[${encodeInstance(one)}]`);
    assert.deepEqual(instances.map(encodeInstance), [encodeInstance(one)]);
  });

  test("an instance without id, name and state has the usual ones", () => {
    const [one] = read('[{ "address": "h:1", "services": ["a.v1.A"] }]');
    assert.equal(one?.id, "static:h:1");
    assert.equal(one?.name, "static");
    assert.equal(one?.state, State.SERVING);
  });

  test("nothing in it is no mistake", () => {
    assert.deepEqual(read("{}"), []);
    assert.deepEqual(read("[]"), []);
  });

  const one = '{ "id": "1", "name": "x", "address": "h:1" }';
  for (const [text, message] of [
    ["", "line 1: this is not JSON"],
    ['{\n  "a.v1.A": ["h:1"\n}\n', "line 3: this is not JSON"],
    ['{\n  "a.v1.A": ["h:1"],\n}\n', "line 3: this is not JSON"],
    ['{\n  "a.v1.A": ["h:1],\n  "b.v1.B": []\n}', "line 2: this is not JSON"],
    ["{}\n\n]", "line 3: this is not JSON"],
    ["static: yes", "line 1: this is not JSON"],
    ["3", "line 1: expected an object"],
    ["null", "line 1: expected an object"],
    ['{ "a.v1.A": "h:1" }', 'a.v1.A: expected an array of "host:port"'],
    ['{ "a.v1.A": [1] }', 'a.v1.A: expected an array of "host:port"'],
    ['{ "a.v1.A": [] }', "a.v1.A has no address"],
    ['{ "a.v1.A": ["h"] }', 'a.v1.A: "h" is not host:port'],
    ['{ "a-b": ["h:1"] }', '"a-b" is not the full name'],
    [`[${one}, 3]`, "[1]: cannot decode message"],
    ['[{ "adress": "h:1" }]', "[0]: cannot decode message"],
    ['[{ "address": "h:1", "weight": "much" }]', "[0]: cannot decode field"],
    ['[{ "services": ["a.v1.A"] }]', '[0]: address: "" is not host:port'],
    ['[{ "address": "h:1", "name": "a/b" }]', "[0]: The registered name"],
    [`[${one}, ${one}]`, '[1]: another instance is "x" with the id "1"'],
  ] as const) {
    test(`says what is wrong with ${JSON.stringify(text)}`, () => {
      const error = parseStaticFile(text);
      assert.ok(error instanceof Error);
      assert.ok(error.message.startsWith(message), error.message);
    });
  }

  test("an unknown field is named", () => {
    const error = parseStaticFile('[{ "adress": "h:1" }]');
    assert.match(String(error), /"adress" is unknown/);
  });
});
