// What an accounts file may say, and what is said about one that is wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAccounts } from "../../../../services/user/accounts.ts";

const SALT = Buffer.alloc(16).toString("base64url");
const HASH = Buffer.alloc(32).toString("base64url");
const PASSWORD = `scrypt:16:8:1:${SALT}:${HASH}`;
const ann = { account: "ann", name: "Ann", dcId: 1, password: PASSWORD };
const bob = { account: "bob", name: "", dcId: "eu-1", password: PASSWORD };

test("Accounts are found by what they log in with.", () => {
  const accounts = parseAccounts(JSON.stringify([ann, bob]));
  assert.ok(!(accounts instanceof Error));
  assert.deepEqual([...accounts.keys()], ["ann", "bob"]);
  assert.equal(accounts.get("ann")?.name, "Ann");
  assert.equal(accounts.get("ann")?.dcId, 1);
  assert.equal(accounts.get("bob")?.dcId, "eu-1");
  assert.equal(accounts.get("bob")?.password.cost, 16);
});

const wrong: [content: unknown, message: string][] = [
  [{}, "is not a JSON list"],
  [[], "there is no account in it"],
  [[ann, null], "entry 2: is not an object"],
  [[{ ...ann, account: "" }], "entry 1: account is not a string, or empty"],
  [[{ ...ann, account: 1 }], "entry 1: account is not a string, or empty"],
  [[{ ...ann, name: null }], "entry 1: name is not a string"],
  [[{ ...ann, dcId: null }], "entry 1: dcId is neither a number nor a string"],
  [[{ ...ann, password: 1 }], "entry 1: password is not a string"],
  [
    [ann, { ...bob, password: "123456" }],
    "entry 2: password is not scrypt:N:r:p:salt:hash",
  ],
  [[ann, bob, ann], 'entry 3: account "ann" is there twice'],
  [
    [ann, { ...bob, password: PASSWORD.replace("16", "32") }],
    "all passwords need the same N, r and p: else the time of a login tells which accounts exist",
  ],
];

for (const [content, message] of wrong) {
  test(`A wrong accounts file is explained: ${message}.`, () => {
    const error = parseAccounts(JSON.stringify(content));
    assert.ok(error instanceof Error);
    assert.equal(error.message, message);
  });
}

test("A file that is not JSON is not quoted.", () => {
  const error = parseAccounts(`[{"password": ${PASSWORD}}]`);
  assert.ok(error instanceof Error);
  assert.equal(error.message, "is not JSON");
});
