// The errors of this project that are not RPC errors: one catalogue of stable
// codes. On the wire there is only ConnectError; see rpc/ for that.
//
// docs/errors.md lists every code with its meaning and its remedy, and a test
// holds the two together.

/**
 * Every code there is, with a sentence of what it means.
 */
export const errorCodes = {
  ERR_USAGE: "A flag, an argument or an environment variable is wrong.",
  ERR_ADDRESS_IN_USE: "Something else listens on the address already.",
  ERR_ID_TAKEN: "A fixed instance id is held by another process.",
  ERR_START_FAILED: "A service ended before it was registered.",
  ERR_REGISTRY_UNAVAILABLE: "The registry did not answer in time.",
  ERR_REGISTRY_DENIED: "The registry refused the user or the keys asked for.",
  ERR_NOT_REGISTERED: "No instance of that name or service is registered.",
  ERR_CLOSED: "The object was closed and can't be used any more.",
} as const;

/**
 * A stable name for what went wrong.
 */
export type ErrorCode = keyof typeof errorCodes;

/**
 * An error with a stable code, a message that says what to do, and the error
 * that caused it, if any.
 */
export class PortolanError extends Error {
  override readonly name = "PortolanError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * The one line a person should see of anything that was thrown.
 */
export function errorMessage(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
