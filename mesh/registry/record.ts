// How an instance stands in a store of keys and values: which key is its own,
// and what a reader accepts as a record.

import {
  decodeInstance,
  type Instance,
  PortolanError,
  parseAddress,
} from "../../core/index.ts";

/** The namespace of whoever says nothing else. */
export const DEFAULT_NAMESPACE = "/portolan";

/**
 * Parse a namespace: what all keys of one system begin with. Returns an Error
 * if it does not begin with "/", ends with "/", or has an empty part.
 */
export function parseNamespace(text: string): string | Error {
  return /^(\/[\x21-\x2e\x30-\x7e]+)+$/.test(text)
    ? text
    : new Error(
        `"${text}" is not a namespace: "/" and a word, once or more, in ASCII and without spaces (for example /portolan or /acme/staging)`,
      );
}

/**
 * What all keys of instances in a namespace begin with.
 */
export function instancePrefix(namespace: string = DEFAULT_NAMESPACE): string {
  return `${namespace}/v1/instances/`;
}

/**
 * The key of an instance: the prefix, its registered name, "/", its id.
 *
 * Throws ERR_USAGE for a record that nobody could find or call.
 */
export function instanceKey(
  { name, id, address }: Instance,
  namespace: string = DEFAULT_NAMESPACE,
): string {
  for (const [what, text] of [
    ["registered name", name],
    ["instance id", id],
  ] as const) {
    if (text === "" || text.includes("/")) {
      throw new PortolanError(
        "ERR_USAGE",
        `The ${what} "${text}" can't be used: it must not be empty or contain "/".`,
      );
    }
  }
  const parsed = parseAddress(address);
  if (parsed instanceof Error) {
    throw new PortolanError("ERR_USAGE", `Instance ${id}: ${parsed.message}`);
  }
  return `${instancePrefix(namespace)}${name}/${id}`;
}

/**
 * Read what stands under a key of a namespace. Returns an Error, never throws:
 * anybody can write there, and one bad value must not hide its neighbours.
 */
export function decodeRecord(
  key: string,
  value: string,
  namespace: string = DEFAULT_NAMESPACE,
): Instance | Error {
  const instance = decodeInstance(value);
  if (instance instanceof Error) return instance;
  const { name, id } = instance;
  if (key !== `${instancePrefix(namespace)}${name}/${id}`) {
    return new Error(`the record is of "${name}/${id}", which has another key`);
  }
  return instance;
}

/**
 * The error for a key that somebody else holds.
 */
export function idTaken(
  key: string,
  value: string,
  namespace?: string,
): PortolanError {
  const holder = decodeRecord(key, value, namespace);
  const who =
    holder instanceof Error
      ? "by something that is no instance record"
      : `by the instance at ${holder.address}`;
  return new PortolanError(
    "ERR_ID_TAKEN",
    `${key} is held ${who}. Stop that one, or choose another id; ` +
      "the claim of a process that crashed ends by itself within seconds.",
  );
}
