// What the greeter says. Knows nothing of transport.

/** The highest number a countdown starts from. */
export const MAX_FROM = 1000;

/** How many people one sentence greets. */
export const MAX_NAMES = 1000;

/**
 * How long a name may be where many are kept until the last one has come, in
 * characters.
 */
export const MAX_NAME_LENGTH = 1000;

/**
 * The caller asked for something that can't be done. The message says why.
 */
export class InvalidInputError extends Error {
  override readonly name = "InvalidInputError";
}

/**
 * Greet one person, or the world if the name is empty.
 */
export function hello(name: string): string {
  return `Hello ${nameOrWorld(name)}`;
}

/**
 * Count down to 1 and then greet. From 0 there is only the greeting.
 *
 * Throws an InvalidInputError, before the first line, if `from` is not between
 * 0 and MAX_FROM.
 */
export function countdown(from: number, name: string): Iterable<string> {
  if (!Number.isInteger(from) || from < 0 || from > MAX_FROM) {
    throw new InvalidInputError(
      `from must be between 0 and ${MAX_FROM}, not ${from}`,
    );
  }
  return countdownLines(from, name);
}

function* countdownLines(from: number, name: string): Generator<string> {
  for (let number = from; number > 0; number--) yield String(number);
  yield hello(name);
}

/**
 * Greet everybody in one sentence: "Hello ann, bob and cy".
 *
 * Throws an InvalidInputError if there is no name, a name that is longer than
 * MAX_NAME_LENGTH, or, as soon as the next one comes, more than MAX_NAMES.
 */
export async function helloAll(
  names: AsyncIterable<string>,
): Promise<{ greeting: string; count: number }> {
  const all: string[] = [];
  for await (const name of names) {
    if (all.length === MAX_NAMES) {
      throw new InvalidInputError(`there are more than ${MAX_NAMES} names`);
    }
    if (name.length > MAX_NAME_LENGTH) {
      throw new InvalidInputError(
        `a name is longer than ${MAX_NAME_LENGTH} characters`,
      );
    }
    all.push(nameOrWorld(name));
  }
  if (all.length === 0) {
    throw new InvalidInputError("there is no name: send at least one");
  }
  return { greeting: `Hello ${enumerate(all)}`, count: all.length };
}

/**
 * Answer one line of a chat.
 */
export function chat(line: string): string {
  return line === "" ? "You said nothing" : `You said: ${line}`;
}

function nameOrWorld(name: string): string {
  return name === "" ? "world" : name;
}

/** "ann", "ann and bob", "ann, bob and cy". */
function enumerate(items: readonly string[]): string {
  const last = items.at(-1) ?? "";
  return items.length < 2
    ? last
    : `${items.slice(0, -1).join(", ")} and ${last}`;
}
