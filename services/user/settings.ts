// The user service's own flags, and what they lead to: files read, defaults
// filled in, everything checked.

import { readFile } from "node:fs/promises";
import {
  errorMessage,
  PortolanError,
  parseDurationMs,
} from "../../core/index.ts";
import type { Setting } from "../../runtime/index.ts";
import { type Accounts, parseAccounts } from "./accounts.ts";
import type { UserOptions } from "./user.ts";

// RFC 7518, section 3.2: as long as the hash, for HS256.
const MIN_KEY_BYTES = 32;

/**
 * The flags, for runService().
 */
export const settings = {
  accounts: {
    env: "PORTOLAN_USER_ACCOUNTS",
    placeholder: "FILE",
    description: "Who may log in: JSON, see services/user/README.md.",
    required: true,
  },
  "jwt-key-file": {
    env: "PORTOLAN_USER_JWT_KEY_FILE",
    placeholder: "FILE",
    description: "The key that tokens are signed with: 32 bytes or more.",
    required: true,
  },
  "token-ttl": {
    env: "PORTOLAN_USER_TOKEN_TTL",
    placeholder: "DURATION",
    description: "How long a token is valid, in whole seconds.",
    default: "1h",
  },
  issuer: {
    env: "PORTOLAN_USER_ISSUER",
    placeholder: "NAME",
    description: "Who signs: the claim iss.",
    default: "portolan",
  },
} as const satisfies Readonly<Record<string, Setting>>;

/**
 * Read the files and check the values.
 *
 * Throws a PortolanError ERR_USAGE that names the flag and says what is wrong.
 */
export async function resolveUserOptions(
  values: Readonly<Record<string, string>>,
): Promise<UserOptions> {
  return {
    accounts: await readAccounts(values["accounts"] ?? ""),
    key: await readKey(values["jwt-key-file"] ?? ""),
    tokenTtlSeconds: parseTtl(
      values["token-ttl"] ?? settings["token-ttl"].default,
    ),
    issuer: values["issuer"] ?? settings.issuer.default,
  };
}

async function readAccounts(path: string): Promise<Accounts> {
  const accounts = parseAccounts((await read("accounts", path)).toString());
  if (accounts instanceof Error) {
    throw usageError(`--accounts: ${path}: ${accounts.message}`);
  }
  return accounts;
}

/** The key is all bytes of the file, a line end included. */
async function readKey(path: string): Promise<Uint8Array> {
  const key = await read("jwt-key-file", path);
  if (key.length < MIN_KEY_BYTES) {
    throw usageError(
      `--jwt-key-file: ${path} holds ${key.length} bytes: HS256 needs ${MIN_KEY_BYTES} or more`,
    );
  }
  return new Uint8Array(key);
}

function parseTtl(text: string): number {
  const ttlMs = parseDurationMs(text);
  if (ttlMs instanceof Error) throw usageError(`--token-ttl: ${ttlMs.message}`);
  if (ttlMs < 1000 || ttlMs % 1000 !== 0) {
    throw usageError(`--token-ttl: "${text}" is not one or more whole seconds`);
  }
  return ttlMs / 1000;
}

async function read(flag: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw usageError(`--${flag}: ${errorMessage(cause)}`, { cause });
  }
}

function usageError(message: string, options?: ErrorOptions): PortolanError {
  return new PortolanError("ERR_USAGE", message, options);
}
