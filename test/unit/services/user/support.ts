// Accounts whose passwords cost next to nothing to check, for tests only.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  formatPasswordHash,
  hashPassword,
} from "../../../../services/user/password.ts";

/** A thousandth of the real cost. */
export const CHEAP = { cost: 16, blockSize: 8, parallelization: 1 };

export const KEY = Buffer.from("a key for tests only, 32 bytes and more");

/** An accounts file with one account, aoho / 123456. */
export async function createAccountsFile(): Promise<string> {
  const password = formatPasswordHash(await hashPassword("123456", CHEAP));
  return JSON.stringify([{ account: "aoho", name: "Aoho", dcId: 7, password }]);
}

/** Files in a folder that goes away with the test. */
export async function writeFiles<Name extends string>(
  files: Record<Name, string | Buffer>,
): Promise<{ paths: Record<Name, string> } & AsyncDisposable> {
  const dir = await mkdtemp(join(tmpdir(), "portolan-user-"));
  const paths: Record<string, string> = {};
  for (const [name, content] of Object.entries<string | Buffer>(files)) {
    paths[name] = join(dir, name);
    await writeFile(join(dir, name), content);
  }
  return {
    paths: paths as Record<Name, string>,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  };
}
