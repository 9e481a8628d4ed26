// Header lists of random messages: most are fine, some are wrong in a way that
// RFC 9113, section 8, names, some are far too large.

import type { Random } from "../../support/random.ts";
import type { Field } from "../../support/raw-http2/hpack.ts";

/** How often a message is wrong, or too large. */
const WRONG = 0.04;
const LARGE = 0.01;

const WRONG_FIELDS: readonly [Field, ...Field[]] = [
  ["Upper", "case"],
  ["connection", "close"],
  ["te", "gzip"],
  ["transfer-encoding", "chunked"],
  [":path", "/again"],
  [":unknown", "x"],
  [":status", "200"],
  ["x-value", "line\r\nbreak"],
  ["x-value", " space"],
  ["", "no name"],
  ["na me", "x"],
  ["host", "elsewhere"],
  ["content-length", "17"],
  ["content-length", "-1"],
  ["content-length", "99999999999999999999"],
];

/** The header list of a request. */
export function randomRequest(random: Random): Field[] {
  const method = random.pick(["GET", "POST", "PUT", "HEAD", "OPTIONS"]);
  const path = random.pick(["/", "/a", "/b?c=d", "/e.f/G"]);
  const fields: Field[] = [
    [":method", method],
    [":scheme", random.pick(["http", "https"])],
    [":authority", random.pick(["test", "test:80", "other"])],
    [":path", random.chance(WRONG) ? random.pick(["", "x", "/#y"]) : path],
    ...randomFields(random),
  ];
  if (random.chance(WRONG)) fields.splice(random.below(4), 1);
  return spoil(random, fields);
}

/** The header list of a final answer. */
export function randomAnswer(random: Random): Field[] {
  const status = random.pick(["200", "200", "204", "404", "503"]);
  return spoil(random, [[":status", status], ...randomFields(random)]);
}

/** The header list of an interim answer. */
export function randomInformation(random: Random): Field[] {
  const status = random.chance(WRONG) ? "101" : random.pick(["100", "103"]);
  return spoil(random, [[":status", status], ...randomFields(random)]);
}

/** Trailers. */
export function randomTrailers(random: Random): Field[] {
  return spoil(random, [["grpc-status", "0"], ...randomFields(random)]);
}

function randomFields(random: Random): Field[] {
  return random.list(8, (i): Field => {
    const value = random.pick([
      "",
      "1",
      "abc",
      "application/grpc",
      "x".repeat(random.below(80)),
    ]);
    const name = random.pick(["x-a", "content-type", "cookie", "user-agent"]);
    return random.chance(0.2)
      ? [`x-${i}`, `${random.below(1e6)}`]
      : [name, value];
  });
}

function spoil(random: Random, fields: Field[]): Field[] {
  if (random.chance(WRONG)) fields.push(random.pick(WRONG_FIELDS));
  if (random.chance(WRONG))
    fields.push(["content-length", `${random.below(30_000)}`]);
  if (random.chance(LARGE)) {
    const count = random.below(300);
    const value = "y".repeat(random.below(400));
    for (let i = 0; i < count; i++) fields.push(["x-large", value]);
  }
  return fields;
}
