// How an instance stands in a store of keys and values: which key is its own,
// and what a reader accepts as a record.

import {
  decodeInstance,
  type Instance,
  PortolanError,
  parseAddress,
} from "../../core/index.ts";

/**
 * What all keys of instances begin with.
 */
export const INSTANCE_PREFIX = "/portolan/v1/instances/";

/**
 * The key of an instance: the prefix, its registered name, "/", its id.
 *
 * Throws ERR_USAGE for a record that nobody could find or call.
 */
export function instanceKey({ name, id, address }: Instance): string {
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
  return `${INSTANCE_PREFIX}${name}/${id}`;
}

/**
 * Read what stands under a key. Returns an Error, never throws: anybody can
 * write there, and one bad value must not hide its neighbours.
 */
export function decodeRecord(key: string, value: string): Instance | Error {
  const instance = decodeInstance(value);
  if (instance instanceof Error) return instance;
  if (key !== `${INSTANCE_PREFIX}${instance.name}/${instance.id}`) {
    return new Error(
      `the record is of "${instance.name}/${instance.id}", which has another key`,
    );
  }
  return instance;
}

/**
 * The error for a key that somebody else holds.
 */
export function idTaken(key: string, value: string): PortolanError {
  const holder = decodeRecord(key, value);
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
