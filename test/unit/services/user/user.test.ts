// Logging in, without any transport: tokens, refusals and what they cost.

import assert from "node:assert/strict";
import { createHook } from "node:async_hooks";
import { test } from "node:test";
import { jwtVerify } from "jose";
import { parseAccounts } from "../../../../services/user/accounts.ts";
import { BusyError } from "../../../../services/user/limiter.ts";
import {
  createUsers,
  InvalidInputError,
  WrongCredentialsError,
} from "../../../../services/user/user.ts";
import { createAccountsFile, KEY } from "./support.ts";

const accounts = parseAccounts(await createAccountsFile());
if (accounts instanceof Error) throw accounts;
const nowMs = Date.UTC(2025, 0, 1, 12) + 999;
const users = createUsers({
  accounts,
  key: KEY,
  tokenTtlSeconds: 90,
  issuer: "tests",
  now: () => nowMs,
});

test("A token verifies with the key and has exactly the claims it should.", async () => {
  const token = await users.login({ account: "aoho", password: "123456" });
  const { payload, protectedHeader } = await jwtVerify(token, KEY, {
    algorithms: ["HS256"],
    currentDate: new Date(nowMs),
  });
  assert.deepEqual(protectedHeader, { alg: "HS256", typ: "JWT" });
  const iat = Date.UTC(2025, 0, 1, 12) / 1000;
  assert.deepEqual(payload, {
    Name: "Aoho",
    DcId: 7,
    iss: "tests",
    sub: "login",
    iat,
    nbf: iat,
    exp: iat + 90,
  });
});

test("A token does not verify with another key, nor after its time.", async () => {
  const token = await users.login({ account: "aoho", password: "123456" });
  const currentDate = new Date(nowMs);
  const otherKey = Buffer.alloc(32, 1);
  await assert.rejects(jwtVerify(token, otherKey, { currentDate }), {
    code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
  });
  const later = new Date(nowMs + 90_000);
  await assert.rejects(jwtVerify(token, KEY, { currentDate: later }), {
    code: "ERR_JWT_EXPIRED",
  });
});

const invalid: [account: string, password: string, message: string][] = [
  ["", "123456", "account is empty"],
  ["aoho", "", "password is empty"],
  ["aoho", "1".repeat(1001), "password is longer than 1000 characters"],
];

for (const [account, password, message] of invalid) {
  test(`A login is refused when ${message}.`, async () => {
    await assert.rejects(
      users.login({ account, password }),
      new InvalidInputError(message),
    );
  });
}

/** How many hashes were computed meanwhile. */
async function countScrypts(task: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === "SCRYPTREQUEST") count++;
    },
  });
  hook.enable();
  try {
    await task();
  } finally {
    hook.disable();
  }
  return count;
}

for (const account of ["aoho", "nobody", "__proto__"]) {
  test(`A wrong password for "${account}" gets the one answer, after one hash.`, async () => {
    const count = await countScrypts(() =>
      assert.rejects(
        users.login({ account, password: "wrong" }),
        new WrongCredentialsError(),
      ),
    );
    assert.equal(count, 1);
  });
}

test("Of 67 logins at once, two are checked, 64 wait and one is refused.", async () => {
  const login = () => users.login({ account: "aoho", password: "123456" });
  const results = await Promise.allSettled(Array.from({ length: 67 }, login));
  const refused = results.filter(({ status }) => status === "rejected");
  assert.equal(refused.length, 1);
  const last = results.at(-1);
  assert.ok(last?.status === "rejected" && last.reason instanceof BusyError);
});

test("A caller who is gone costs no hash.", async () => {
  const signal = AbortSignal.abort(new Error("gone"));
  const count = await countScrypts(() =>
    assert.rejects(
      users.login({ account: "aoho", password: "123456" }, signal),
      /gone/,
    ),
  );
  assert.equal(count, 0);
});
