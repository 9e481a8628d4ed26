// The user service's flags: files that are read, and what is said of bad ones.

import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveUserOptions } from "../../../../services/user/settings.ts";
import { createAccountsFile, KEY, writeFiles } from "./support.ts";

async function setUp() {
  const files = await writeFiles({
    accounts: await createAccountsFile(),
    noAccounts: "[]",
    key: KEY,
    shortKey: KEY.subarray(0, 31),
    leastKey: KEY.subarray(0, 32),
  });
  const values = {
    accounts: files.paths.accounts,
    "jwt-key-file": files.paths.key,
  };
  return { files, values };
}

test("The files are read and the defaults filled in.", async () => {
  const { files, values } = await setUp();
  await using _ = files;
  const options = await resolveUserOptions(values);
  assert.deepEqual([...options.accounts.keys()], ["aoho"]);
  assert.deepEqual(options.key, new Uint8Array(KEY));
  assert.equal(options.tokenTtlSeconds, 3600);
  assert.equal(options.issuer, "portolan");
});

test("Every flag is heeded.", async () => {
  const { files, values } = await setUp();
  await using _ = files;
  const options = await resolveUserOptions({
    ...values,
    "jwt-key-file": files.paths.leastKey,
    "token-ttl": "15m",
    issuer: "us",
  });
  assert.equal(options.key.length, 32);
  assert.equal(options.tokenTtlSeconds, 900);
  assert.equal(options.issuer, "us");
});

type Files = Awaited<ReturnType<typeof setUp>>["files"];

const wrong: {
  name: string;
  values: (paths: Files["paths"]) => Record<string, string>;
  message: RegExp;
}[] = [
  {
    name: "accounts that are not there",
    values: ({ key }) => ({ accounts: `${key}.no` }),
    message: /^--accounts: ENOENT.*\.no'$/,
  },
  {
    name: "no account",
    values: ({ noAccounts }) => ({ accounts: noAccounts }),
    message: /^--accounts: .*noAccounts: there is no account in it$/,
  },
  {
    name: "a key that is not there",
    values: ({ key }) => ({ "jwt-key-file": `${key}.no` }),
    message: /^--jwt-key-file: ENOENT.*\.no'$/,
  },
  {
    name: "a short key",
    values: ({ shortKey }) => ({ "jwt-key-file": shortKey }),
    message: /holds 31 bytes: HS256 needs 32 or more$/,
  },
  {
    name: "a time without a unit",
    values: () => ({ "token-ttl": "60" }),
    message: /^--token-ttl: "60" is not a duration/,
  },
  ...["0", "500ms", "1.5s"].map((ttl) => ({
    name: `a time of ${ttl}`,
    values: () => ({ "token-ttl": ttl }),
    message: /is not one or more whole seconds$/,
  })),
];

for (const { name, values, message } of wrong) {
  test(`A usage error names the flag for ${name}.`, async () => {
    const setup = await setUp();
    await using files = setup.files;
    await assert.rejects(
      resolveUserOptions({ ...setup.values, ...values(files.paths) }),
      { code: "ERR_USAGE", message },
    );
  });
}
