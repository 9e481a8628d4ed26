// Who may log in: what an accounts file says, checked. No I/O.
//
// The file is a JSON list of
//   { "account": "ann", "name": "Ann", "dcId": 1, "password": "scrypt:..." }

import { type PasswordHash, parsePasswordHash } from "./password.ts";

/**
 * Somebody who may log in.
 */
export interface Account {
  /** What they log in with. */
  readonly account: string;
  /** What they are called; the claim Name. */
  readonly name: string;
  /** Their data centre; the claim DcId, passed on as it is. */
  readonly dcId: string | number;
  readonly password: PasswordHash;
}

/**
 * All accounts by what they log in with; at least one.
 */
export type Accounts = ReadonlyMap<string, Account>;

/**
 * Parse an accounts file. Returns an Error that says which entry is wrong and
 * why; it never quotes a password's hash.
 */
export function parseAccounts(text: string): Accounts | Error {
  const entries = parseList(text);
  if (entries instanceof Error) return entries;
  const accounts = new Map<string, Account>();
  for (const [index, entry] of entries.entries()) {
    const account = parseAccount(entry);
    if (account instanceof Error) {
      return new Error(`entry ${index + 1}: ${account.message}`);
    }
    if (accounts.has(account.account)) {
      return new Error(
        `entry ${index + 1}: account "${account.account}" is there twice`,
      );
    }
    accounts.set(account.account, account);
  }
  if (accounts.size === 0) return new Error("there is no account in it");
  return haveOneCost(accounts)
    ? accounts
    : new Error(
        "all passwords need the same N, r and p: else the time of a login" +
          " tells which accounts exist",
      );
}

function parseList(text: string): unknown[] | Error {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // JSON.parse's own message quotes the text around the mistake.
    return new Error("is not JSON");
  }
  return Array.isArray(value) ? value : new Error("is not a JSON list");
}

function parseAccount(entry: unknown): Account | Error {
  if (typeof entry !== "object" || entry === null) {
    return new Error("is not an object");
  }
  const fields: Readonly<Record<string, unknown>> = { ...entry };
  const { account, name, dcId } = fields;
  if (typeof account !== "string" || account === "") {
    return new Error("account is not a string, or empty");
  }
  if (typeof name !== "string") return new Error("name is not a string");
  if (typeof dcId !== "string" && typeof dcId !== "number") {
    return new Error("dcId is neither a number nor a string");
  }
  if (typeof fields["password"] !== "string") {
    return new Error("password is not a string");
  }
  const password = parsePasswordHash(fields["password"]);
  if (password instanceof Error) {
    return new Error(`password ${password.message}`);
  }
  return { account, name, dcId, password };
}

function haveOneCost(accounts: Accounts): boolean {
  const costs = Array.from(accounts.values(), ({ password }) =>
    [password.cost, password.blockSize, password.parallelization].join(":"),
  );
  return new Set(costs).size === 1;
}
