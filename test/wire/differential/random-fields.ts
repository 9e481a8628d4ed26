// Random header fields: repeated and empty ones, cookies, bytes above 0x7f,
// values that are long enough for CONTINUATION.

import type { Random } from "../../support/random.ts";
import type { Field } from "./exchange.ts";

const NAMES = [
  ...["x-a", "x-b", "x-request-id", "a", "grpc-timeout", "traceparent"],
  ...["accept", "accept-language", "via", "x-forwarded-for", "cache-control"],
  ...["cookie", "cookie", "x-data-bin", "link", "vary", "0", "!#$%&'*+-.^_`|~"],
] as const;

const VALUES = [
  ...["", "1", "0", "gzip", "text/plain; q=0.5", "a, b,, c", '"quoted\\""'],
  ...["a\tb c", "\u0080\u00ff\u00e9", "=?:@/", "no-cache", "deadbeef"],
] as const;

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-._~ ABCXYZ{}()\u00e4";

/** Fields of a request or response, in any order, without pseudo-headers. */
export function randomFields(random: Random): Field[] {
  const fields = random.list(20, () => randomField(random));
  if (random.chance(0.05)) {
    // More than a frame of 16 KiB.
    fields.push({ name: "x-long", value: randomValue(random, 18_000) });
  }
  return fields;
}

/** Trailers. node:http2 can't send a name again after another one. */
export function randomTrailers(random: Random): Field[] {
  const fields = random.list(8, () => randomField(random));
  fields.push({ name: "grpc-status", value: `${random.below(17)}` });
  // Nor one that is a number in its place: it sorts them to the front.
  return groupByName(
    fields.filter(({ name }) => name !== "cookie" && name !== "0"),
  );
}

/** Equal names together, in the order of their first. */
export function groupByName(fields: readonly Field[]): Field[] {
  return [...Map.groupBy(fields, ({ name }) => name).values()].flat();
}

function randomField(random: Random): Field {
  const name = random.pick(NAMES);
  if (name === "cookie") {
    return {
      name,
      value: `${random.pick(["a", "b", "id"])}=${random.below(9)}`,
    };
  }
  const value = random.chance(0.7)
    ? random.pick(VALUES)
    : randomValue(random, random.pick([3, 40, 300, 1_000]));
  return { name, value };
}

/** Without space at its ends, which RFC 9113, section 8.2.1 forbids. */
function randomValue(random: Random, most: number): string {
  const length = random.below(most) + 1;
  const characters = Array.from(
    { length },
    () => ALPHABET[random.below(ALPHABET.length)],
  );
  return characters.join("").trim();
}

/** Mark some names as sensitive: all fields of such a name are. */
export function markSensitive(
  random: Random,
  fields: readonly Field[],
): Field[] {
  const names = new Set(fields.map(({ name }) => name));
  const sensitive = new Set([...names].filter(() => random.chance(0.1)));
  return fields.map((field) =>
    sensitive.has(field.name) ? { ...field, isSensitive: true } : field,
  );
}
