// Compares what a side has seen with what it must have seen.

import type { Expectation, Field } from "./exchange.ts";
import type { RawFields, Recorder } from "./recorder.ts";

// nghttp2 marks these by itself, and they may be "never indexed" always.
const SENSITIVE_ANYWAY = new Set(["authorization", "cookie"]);

/**
 * What differs; nothing if all is as it must be. `mayEnd`: the other side resets
 * the stream, and may say END_STREAM just before.
 */
export function differences(
  seen: Recorder,
  expected: Expectation,
  mayEnd: boolean,
): string[] {
  const found = [...seen.faults];
  // Reset before anything of it came through: the server never heard of it.
  if (expected.isCut && seen.headers === undefined && seen.bytes === 0) {
    return found;
  }
  const compare = (what: string, is: unknown, must: unknown) => {
    const [one, other] = [JSON.stringify(is), JSON.stringify(must)];
    if (one !== other) found.push(`${what}: ${one}, not ${other}`);
  };
  const informations = seen.informations.map(normalize);
  const mustInform = expected.informations.map(fromFields);
  const { isCut } = expected;
  compare(
    "1xx",
    informations,
    isCut ? mustInform.slice(0, informations.length) : mustInform,
  );
  compare("headers", optional(seen.headers), fromOptional(expected.headers));
  if (!isCut || seen.trailers !== undefined) {
    compare(
      "trailers",
      optional(seen.trailers),
      fromOptional(expected.trailers),
    );
  }
  found.push(...bodyDifferences(seen, expected));
  const isEndForReset = mayEnd && seen.isEnded;
  if (!isCut && !isEndForReset) compare("end", seen.isEnded, expected.isEnded);
  // Whoever has ended as well takes the end for all.
  const isAll = isCut && isEndForReset && seen.code === 0;
  if (!isAll) compare("code", seen.code, expected.code);
  found.push(...sensitiveDifferences(seen, expected));
  return found;
}

function bodyDifferences(
  seen: Recorder,
  { body, isCut }: Expectation,
): string[] {
  const is = Buffer.concat(seen.pieces);
  if (!isCut ? is.length !== body.length : is.length > body.length) {
    return [`body: ${is.length} bytes, not ${body.length}`];
  }
  if (is.equals(body.subarray(0, is.length))) return [];
  const at = is.findIndex((byte, i) => byte !== body[i]);
  return [`body: byte ${at} of ${body.length} is ${is[at]}, not ${body[at]}`];
}

/** A mark must not get lost: RFC 7541, section 7.1.3. */
function sensitiveDifferences(
  seen: Recorder,
  { headers }: Expectation,
): string[] {
  const marked = headers?.filter(({ isSensitive }) => isSensitive) ?? [];
  const names = new Set(marked.map(({ name }) => name));
  const lost = [...names].filter((name) => !seen.sensitive.has(name));
  const extra = [...seen.sensitive].filter(
    (name) => !names.has(name) && !SENSITIVE_ANYWAY.has(name),
  );
  return [
    ...lost.map((name) => `${name} came without its "never indexed"`),
    ...extra.map((name) => `${name} came as "never indexed"`),
  ];
}

type Pair = readonly [name: string, value: string];

function optional(raw: RawFields | undefined): Pair[] | undefined {
  return raw && normalize(raw);
}

function fromOptional(
  fields: readonly Field[] | undefined,
): Pair[] | undefined {
  return fields && fromFields(fields);
}

function fromFields(fields: readonly Field[]): Pair[] {
  return normalize(fields.flatMap(({ name, value }) => [name, value]));
}

/** In pairs; the order of pseudo-headers says nothing. */
function normalize(raw: RawFields): Pair[] {
  const pairs: Pair[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    pairs.push([raw[i] ?? "", raw[i + 1] ?? ""]);
  }
  const isPseudo = ([name]: Pair) => name.startsWith(":");
  const pseudo = pairs.filter(isPseudo).sort(([a], [b]) => (a < b ? -1 : 1));
  return [...pseudo, ...pairs.filter((pair) => !isPseudo(pair))];
}
