// What a file of static instances may hold: a JSON object of services and
// their addresses, or a JSON array of instance records. Pure.

import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import {
  createInstance,
  errorMessage,
  type Instance,
  State,
} from "../../../core/index.ts";
import { InstanceSchema } from "../../../gen/portolan/registry/v1/instance_pb.ts";
import { instanceKey } from "../record.ts";
import {
  createEntry,
  parseUsableAddress,
  STATIC_NAME,
  type StaticEntry,
  staticId,
  toInstances,
} from "./entry.ts";

/**
 * Read the text of a file. Returns an Error that says in which line or field
 * it is wrong; a file is taken as a whole or not at all.
 */
export function parseStaticFile(text: string): readonly Instance[] | Error {
  let json: JsonValue;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const line = lineOfError(text);
    return new Error(`line ${line}: this is not JSON`, { cause });
  }
  if (Array.isArray(json)) return toRecords(json);
  if (typeof json === "object" && json !== null) return fromMapping(json);
  return new Error(
    "line 1: expected an object of services and addresses, or an array of instances",
  );
}

function fromMapping(mapping: object): readonly Instance[] | Error {
  const entries: StaticEntry[] = [];
  for (const [service, addresses] of Object.entries(mapping)) {
    if (!isTexts(addresses)) {
      return new Error(`${service}: expected an array of "host:port"`);
    }
    const entry = createEntry(service, addresses);
    if (entry instanceof Error) return entry;
    entries.push(entry);
  }
  return toInstances(entries);
}

function isTexts(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) && value.every((text) => typeof text === "string")
  );
}

function toRecords(list: readonly JsonValue[]): readonly Instance[] | Error {
  const byKey = new Map<string, Instance>();
  for (const [i, json] of list.entries()) {
    try {
      const instance = toRecord(json);
      const key = instanceKey(instance);
      if (byKey.has(key)) {
        const { name, id } = instance;
        throw new Error(`another instance is "${name}" with the id "${id}"`);
      }
      byKey.set(key, instance);
    } catch (cause) {
      return new Error(`[${i}]: ${errorMessage(cause)}`, { cause });
    }
  }
  return [...byKey.values()];
}

/** Throws unless it is the proto JSON of an instance that can be called. */
function toRecord(json: JsonValue): Instance {
  // Unknown fields are refused: in a file that people write they are typos.
  const record = fromJson(InstanceSchema, json);
  const address = parseUsableAddress(record.address);
  if (address instanceof Error) throw new Error(`address: ${address.message}`);
  return createInstance({
    ...record,
    address,
    id: record.id || staticId(address),
    name: record.name || STATIC_NAME,
    state: record.state || State.SERVING,
  });
}

/**
 * The line in which a text stops being JSON. JSON.parse() tells it for some
 * errors only, so this looks for the first lines that no more text could mend.
 */
function lineOfError(text: string): number {
  const lines = text.split("\n");
  let [low, high] = [1, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isMendable(`${lines.slice(0, middle).join("\n")}\n`)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isMendable(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const message = errorMessage(error);
    const position = /at position (\d+)/.exec(message)?.[1];
    return (
      /end of JSON input|Unterminated/.test(message) ||
      Number(position) === text.length
    );
  }
}
