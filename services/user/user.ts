// Logging in: from an account and its password to a signed token. Knows
// nothing of transport.
//
// Whether an account exists stays secret: an unknown one costs the same time
// as a wrong password, and gets the same answer.

import { SignJWT } from "jose";
import type { Accounts } from "./accounts.ts";
import { createLimiter } from "./limiter.ts";
import {
  createDummyHash,
  DEFAULT_PARAMETERS,
  verifyPassword,
} from "./password.ts";

// scrypt runs on libuv's pool of 4 threads, which files, DNS and jose's
// signatures need too: two of them stay free, however many log in. Those who
// wait are told to come back once that would take some five seconds.
const CONCURRENT_LOGINS = 2;
const MAX_WAITING_LOGINS = 64;

/** The longest password, in characters. More only costs time. */
export const MAX_PASSWORD_LENGTH = 1000;

/**
 * A field can't be used. The message says which and why.
 */
export class InvalidInputError extends Error {
  override readonly name = "InvalidInputError";
}

/**
 * Account and password don't belong together. Never says more.
 */
export class WrongCredentialsError extends Error {
  override readonly name = "WrongCredentialsError";
  constructor() {
    super("wrong account or password");
  }
}

/**
 * What the user service needs to know.
 */
export interface UserOptions {
  readonly accounts: Accounts;
  /** The key that tokens are signed with, 32 bytes or more. */
  readonly key: Uint8Array;
  /** How long a token is valid, in whole seconds. */
  readonly tokenTtlSeconds: number;
  /** The claim iss. */
  readonly issuer: string;
  /** Wall clock, in milliseconds since 1970. Defaults to Date.now. */
  readonly now?: () => number;
}

/**
 * What somebody logs in with.
 */
export interface Credentials {
  readonly account: string;
  readonly password: string;
}

/**
 * The logic of the user service.
 */
export interface Users {
  /**
   * Exchange credentials for a token: a JWT, signed with HS256, with the
   * claims Name, DcId, iss, sub "login", iat, nbf and exp.
   *
   * Rejects with an InvalidInputError, a WrongCredentialsError, a BusyError if
   * too many log in at once, or the signal's reason.
   */
  login(credentials: Credentials, signal?: AbortSignal): Promise<string>;
}

/**
 * Create the logic of the user service.
 */
export function createUsers(options: UserOptions): Users {
  const { accounts } = options;
  const limiter = createLimiter({
    concurrency: CONCURRENT_LOGINS,
    maxWaiting: MAX_WAITING_LOGINS,
  });
  const [first] = accounts.values(); // all have the same parameters
  const nobody = createDummyHash(first?.password ?? DEFAULT_PARAMETERS);

  return {
    async login(credentials, signal) {
      checkFields(credentials);
      const account = accounts.get(credentials.account);
      const matches = await limiter.run(() => {
        signal?.throwIfAborted(); // gone while waiting: don't compute
        return verifyPassword(
          credentials.password,
          account?.password ?? nobody,
        );
      });
      if (account === undefined || !matches) throw new WrongCredentialsError();
      return signToken({ Name: account.name, DcId: account.dcId }, options);
    },
  };
}

function checkFields({ account, password }: Credentials): void {
  if (account === "") throw new InvalidInputError("account is empty");
  if (password === "") throw new InvalidInputError("password is empty");
  if (password.length > MAX_PASSWORD_LENGTH) {
    throw new InvalidInputError(
      `password is longer than ${MAX_PASSWORD_LENGTH} characters`,
    );
  }
}

function signToken(
  claims: { Name: string; DcId: string | number },
  { key, issuer, tokenTtlSeconds, now = Date.now }: UserOptions,
): Promise<string> {
  const iat = Math.floor(now() / 1000);
  const exp = iat + tokenTtlSeconds;
  return new SignJWT({
    ...claims,
    iss: issuer,
    sub: "login",
    iat,
    nbf: iat,
    exp,
  })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .sign(key);
}
