// What the user service needs to run: an accounts file and a key, made as its
// README says.

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeTemporaryDir } from "./at-exit.ts";
import { root } from "./program.ts";

/** Files for the user service, with one account. */
export interface UserFiles extends AsyncDisposable {
  readonly account: string;
  readonly password: string;
  /** What the tokens are signed with. */
  readonly key: Uint8Array;
  /** The flags that name the files. */
  readonly flags: readonly string[];
}

/**
 * Make an accounts file with the account aoho, called Aoho, of data centre 7,
 * and a key that nobody else knows.
 */
export async function makeUserFiles(): Promise<UserFiles> {
  const dir = await makeTemporaryDir("user");
  const accounts = join(dir.path, "accounts.json");
  const keyFile = join(dir.path, "jwt.key");
  const account = "aoho";
  const password = "123456";
  const key = randomBytes(48);
  const hash = await hashPassword(password);
  const entry = { account, name: "Aoho", dcId: 7, password: hash };
  await writeFile(accounts, JSON.stringify([entry]), { mode: 0o600 });
  await writeFile(keyFile, key, { mode: 0o600 });
  return {
    account,
    password,
    key: new Uint8Array(key),
    flags: ["--accounts", accounts, "--jwt-key-file", keyFile],
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

async function hashPassword(password: string): Promise<string> {
  const script = "services/user/hash-password.ts";
  const running = promisify(execFile)(process.execPath, [script], {
    cwd: root,
  });
  running.child.stdin?.end(password);
  return (await running).stdout.trim();
}
