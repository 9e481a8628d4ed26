// How a message is answered. Knows nothing of transport.

/**
 * The longest name of a party, in characters: names are logged.
 */
export const MAX_NAME_LENGTH = 200;

/**
 * What one party says to another.
 */
export interface Message {
  /** Who speaks. */
  readonly from: string;
  /** Who is spoken to. */
  readonly to: string;
  /** What is said. */
  readonly msg: string;
}

/**
 * A message without a usable sender or receiver. The message says which.
 */
export class InvalidInputError extends Error {
  override readonly name = "InvalidInputError";
}

/**
 * Take a message and answer it "ok", in the name of who was spoken to.
 *
 * Throws an InvalidInputError if `from` or `to` is empty or longer than
 * MAX_NAME_LENGTH.
 */
export function answer({ from, to }: Message): Message {
  checkName("from", from);
  checkName("to", to);
  return { from: to, to: from, msg: "ok" };
}

function checkName(field: string, name: string): void {
  if (name === "") throw new InvalidInputError(`${field} is empty`);
  if (name.length > MAX_NAME_LENGTH) {
    throw new InvalidInputError(
      `${field} is longer than ${MAX_NAME_LENGTH} characters`,
    );
  }
}
