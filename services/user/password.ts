// How passwords are kept: scrypt (RFC 7914), as text "scrypt:N:r:p:salt:hash",
// salt and hash in base64url. The numbers stand in the text, so that they can
// grow later without making the old ones useless.

import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/**
 * What a guess costs.
 */
export interface ScryptParameters {
  /** N: memory and time; a power of two. */
  readonly cost: number;
  /** r: memory per step, in units of 128 bytes. */
  readonly blockSize: number;
  /** p: time, without more memory. */
  readonly parallelization: number;
}

/**
 * A password as it is kept.
 */
export interface PasswordHash extends ScryptParameters {
  /** 16 random bytes or more. */
  readonly salt: Buffer;
  /** 32 bytes. */
  readonly hash: Buffer;
}

/**
 * 32 MiB, and a tenth or two of a second. From OWASP's list of equal choices:
 * https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
 */
export const DEFAULT_PARAMETERS: ScryptParameters = {
  cost: 32_768,
  blockSize: 8,
  parallelization: 3,
};

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const MAX_PARALLELIZATION = 16;
// A typing error in an accounts file must not eat the machine's memory.
const MAX_MEMORY_BYTES = 256 * 2 ** 20;

/**
 * Hash a password with a new random salt.
 */
export async function hashPassword(
  password: string,
  parameters: ScryptParameters = DEFAULT_PARAMETERS,
): Promise<PasswordHash> {
  const salt = randomBytes(SALT_BYTES);
  return {
    ...parameters,
    salt,
    hash: await deriveHash(password, salt, parameters),
  };
}

/**
 * Tell whether a password is the one that was hashed. Takes the same time
 * either way.
 */
export async function verifyPassword(
  password: string,
  kept: PasswordHash,
): Promise<boolean> {
  const hash = await deriveHash(password, kept.salt, kept);
  return timingSafeEqual(hash, kept.hash);
}

/**
 * A hash that no password is known for: to be verified against where there is
 * no account, so that this costs the same.
 */
export function createDummyHash(parameters: ScryptParameters): PasswordHash {
  const { cost, blockSize, parallelization } = parameters;
  const salt = randomBytes(SALT_BYTES);
  const hash = randomBytes(HASH_BYTES);
  return { cost, blockSize, parallelization, salt, hash };
}

/**
 * Write a hash as parsePasswordHash() reads it.
 */
export function formatPasswordHash(kept: PasswordHash): string {
  const { cost, blockSize, parallelization } = kept;
  const salt = kept.salt.toString("base64url");
  const hash = kept.hash.toString("base64url");
  return `scrypt:${cost}:${blockSize}:${parallelization}:${salt}:${hash}`;
}

/**
 * Parse "scrypt:N:r:p:salt:hash". Returns an Error that says what is wrong,
 * without the text itself.
 */
export function parsePasswordHash(text: string): PasswordHash | Error {
  const match = /^scrypt:(\d{1,8}):(\d{1,8}):(\d{1,8}):([\w-]+):([\w-]+)$/.exec(
    text,
  );
  if (match === null) return new Error("is not scrypt:N:r:p:salt:hash");
  const [cost, blockSize, parallelization] = match.slice(1, 4).map(Number);
  const parameters = { cost, blockSize, parallelization };
  if (!isUsable(parameters)) {
    return new Error("has values for N, r or p that scrypt can't use here");
  }
  const salt = Buffer.from(match[4] ?? "", "base64url");
  const hash = Buffer.from(match[5] ?? "", "base64url");
  if (salt.length < SALT_BYTES || hash.length !== HASH_BYTES) {
    return new Error(
      `needs a salt of ${SALT_BYTES} bytes or more and a hash of ${HASH_BYTES}`,
    );
  }
  return { ...parameters, salt, hash };
}

function isUsable(
  parameters: Partial<Record<keyof ScryptParameters, number | undefined>>,
): parameters is ScryptParameters {
  const { cost = 0, blockSize = 0, parallelization = 0 } = parameters;
  return (
    cost > 1 &&
    Number.isInteger(Math.log2(cost)) &&
    blockSize > 0 &&
    parallelization > 0 &&
    parallelization <= MAX_PARALLELIZATION &&
    128 * cost * blockSize <= MAX_MEMORY_BYTES
  );
}

function deriveHash(
  password: string,
  salt: Buffer,
  { cost, blockSize, parallelization }: ScryptParameters,
): Promise<Buffer> {
  // The same password from another keyboard may come in other code points.
  const normal = password.normalize("NFKC");
  const options = { cost, blockSize, parallelization };
  const maxmem = 2 * MAX_MEMORY_BYTES;
  return new Promise((resolve, reject) => {
    scrypt(normal, salt, HASH_BYTES, { ...options, maxmem }, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}
