// Password hashes: written, read, verified, and the program that makes them.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { scryptSync } from "node:crypto";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  createDummyHash,
  formatPasswordHash,
  hashPassword,
  parsePasswordHash,
  verifyPassword,
} from "../../../../services/user/password.ts";
import { CHEAP } from "./support.ts";

function parse(text: string) {
  const hash = parsePasswordHash(text);
  if (hash instanceof Error) throw hash;
  return hash;
}

const SALT = Buffer.from("sixteen bytes ok");
const SALT_TEXT = SALT.toString("base64url");
const HASH_TEXT = Buffer.alloc(32, 1).toString("base64url");

test("A password verifies against its hash, and no other one does.", async () => {
  const hash = parse(formatPasswordHash(await hashPassword("123456", CHEAP)));
  assert.equal(await verifyPassword("123456", hash), true);
  for (const wrong of ["", "12345", "1234567", "123456 ", "123456\n"]) {
    assert.equal(await verifyPassword(wrong, hash), false, wrong);
  }
});

test("The hash is scrypt's: what another program computed verifies.", async () => {
  const hash = scryptSync("pleaseletmein", SALT, 32, { N: 64, r: 4, p: 2 });
  const text = `scrypt:64:4:2:${SALT_TEXT}:${hash.toString("base64url")}`;
  assert.equal(await verifyPassword("pleaseletmein", parse(text)), true);
});

test("The same password hashes differently each time.", async () => {
  const [a, b] = [
    await hashPassword("123456", CHEAP),
    await hashPassword("123456", CHEAP),
  ];
  assert.notDeepEqual(a.salt, b.salt);
  assert.notDeepEqual(a.hash, b.hash);
});

test("The same letters in other code points are the same password.", async () => {
  const hash = await hashPassword("caf\u00e9", CHEAP);
  assert.equal(await verifyPassword("cafe\u0301", hash), true);
});

test("A dummy costs the same as the real one, and nothing matches it.", async () => {
  const real = await hashPassword("123456", CHEAP);
  const dummy = createDummyHash(real);
  const { salt, hash, ...parameters } = dummy;
  assert.deepEqual(parameters, CHEAP);
  assert.notDeepEqual(salt, real.salt);
  assert.notDeepEqual(hash, real.hash);
  assert.equal(await verifyPassword("123456", dummy), false);
});

const unusable: [text: string, message: RegExp][] = [
  ["", /is not scrypt:N:r:p:salt:hash/],
  ["123456", /is not scrypt:N:r:p:salt:hash/],
  [`bcrypt:16:8:1:${SALT_TEXT}:${HASH_TEXT}`, /is not scrypt/],
  [`scrypt:16:8:1:${SALT_TEXT}`, /is not scrypt/],
  [`scrypt:16:8:1:${SALT_TEXT}:${HASH_TEXT}\n`, /is not scrypt/],
  [`scrypt:16:8:1:+/+/:${HASH_TEXT}`, /is not scrypt/],
  [`scrypt:0:8:1:${SALT_TEXT}:${HASH_TEXT}`, /N, r or p/],
  [`scrypt:1:8:1:${SALT_TEXT}:${HASH_TEXT}`, /N, r or p/],
  [`scrypt:17:8:1:${SALT_TEXT}:${HASH_TEXT}`, /N, r or p/],
  [`scrypt:16:0:1:${SALT_TEXT}:${HASH_TEXT}`, /N, r or p/],
  [`scrypt:16:8:0:${SALT_TEXT}:${HASH_TEXT}`, /N, r or p/],
  [`scrypt:16:8:17:${SALT_TEXT}:${HASH_TEXT}`, /N, r or p/],
  [`scrypt:524288:8:1:${SALT_TEXT}:${HASH_TEXT}`, /N, r or p/],
  [`scrypt:16:8:1:c2FsdA:${HASH_TEXT}`, /salt of 16 bytes or more/],
  [`scrypt:16:8:1:${SALT_TEXT}:${HASH_TEXT}AAAA`, /a hash of 32/],
];

for (const [text, message] of unusable) {
  test(`${JSON.stringify(text)} is not taken for a hash.`, () => {
    const error = parsePasswordHash(text);
    assert.ok(error instanceof Error);
    assert.match(error.message, message);
  });
}

function runHashPassword(input: string) {
  const program = fileURLToPath(
    import.meta.resolve("../../../../services/user/hash-password.ts"),
  );
  return spawnSync(process.execPath, [program], { input, encoding: "utf8" });
}

for (const input of ["123456", "123456\n", "123456\r\n"]) {
  test(`hash-password prints one line for ${JSON.stringify(input)}, which verifies.`, async () => {
    const { stdout, stderr, status } = runHashPassword(input);
    assert.equal(stderr, "");
    assert.equal(status, 0);
    assert.match(stdout, /^scrypt:32768:8:3:[^\n]+\n$/);
    assert.equal(await verifyPassword("123456", parse(stdout.trim())), true);
  });
}

test("hash-password without a password says so and exits 2.", () => {
  const { stdout, stderr, status } = runHashPassword("\n");
  assert.equal(stdout, "");
  assert.equal(stderr, "hash-password: no password on standard input\n");
  assert.equal(status, 2);
});
