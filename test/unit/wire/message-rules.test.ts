// Tests wire/message-rules.ts: which header blocks may stand as a request, a
// response, trailers. What single fields may be is header-block.test.ts's.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HeaderBlock, HeaderField } from "../../../wire/header-block.ts";
import {
  judgeRequest,
  judgeResponse,
  judgeTrailers,
  Ruling,
} from "../../../wire/message-rules.ts";

type Pairs = readonly (readonly [name: string, value: string])[];

/** A block as a decoder makes it: of anything. */
function toBlock(pairs: Pairs): HeaderBlock {
  return new HeaderBlock(
    pairs.map(([name, value]) => new HeaderField(name, value)),
    0,
  );
}

const method = [":method", "GET"] as const;
const scheme = [":scheme", "http"] as const;
const authority = [":authority", "a"] as const;
const path = [":path", "/"] as const;
const status = [":status", "200"] as const;
const GET: Pairs = [method, scheme, authority, path];

const { fine, malformed, badRequest } = Ruling;

/** A GET with another value of one pseudo-header. */
function getWith(name: string, value: string): Pairs {
  return GET.map((pair) => (pair[0] === name ? [name, value] : pair));
}

const requests: [name: string, pairs: Pairs, ruling: number][] = [
  ["a GET", GET, fine],
  ["pseudo-headers in any order", [path, authority, scheme, method], fine],
  ["a GET without :authority", [method, scheme, path], fine],
  ["no fields", [], malformed],
  ["no :method", [scheme, authority, path], malformed],
  ["no :scheme", [method, authority, path], malformed],
  ["an empty :scheme", getWith(":scheme", ""), malformed],
  ["no :path", [method, scheme, authority], malformed],
  ["an empty :path", getWith(":path", ""), malformed],
  ["a :path without a slash", getWith(":path", "x"), malformed],
  ["* of GET", getWith(":path", "*"), malformed],
  [
    "* of OPTIONS",
    [[":method", "OPTIONS"], scheme, authority, [":path", "*"]],
    fine,
  ],
  ["a fragment", getWith(":path", "/#x"), badRequest],
  ["a space in :path", getWith(":path", "/a b"), badRequest],
  ["a :method that is no token", getWith(":method", "G T"), malformed],
  [
    "a :method with all a token may have",
    getWith(":method", "!#$%&'*+-.^_`|~0aZ"),
    fine,
  ],
  ["user information in :authority", getWith(":authority", "u@a"), badRequest],
  ["a pseudo-header twice", [...GET, path], malformed],
  ["a pseudo-header after a field", [["x", "1"], ...GET], malformed],
  ["an unknown pseudo-header", [...GET, [":x", "1"]], malformed],
  [":status", [...GET, status], malformed],
  [":protocol", [...GET, [":protocol", "websocket"]], malformed],
  ["a malformed field", [...GET, ["X", "1"]], malformed],
  ["a field of HTTP/1.1", [...GET, ["connection", "close"]], malformed],
  ["te: trailers", [...GET, ["te", "trailers"]], fine],
  ["a content-length", [...GET, ["content-length", "5"]], fine],
  ["a content-length of -1", [...GET, ["content-length", "-1"]], malformed],
  [
    "two content-lengths",
    [...GET, ["content-length", "5"], ["content-length", "5"]],
    malformed,
  ],
  ["a host that agrees", [...GET, ["host", "A"]], fine],
  ["a host alone", [method, scheme, path, ["host", "b"]], fine],
  ["a host that doesn't agree", [...GET, ["host", "b"]], badRequest],
  ["two hosts", [...GET, ["host", "a"], ["host", "a"]], badRequest],
  [
    "user information in host",
    [method, scheme, path, ["host", "u@a"]],
    badRequest,
  ],
  ["CONNECT", [[":method", "CONNECT"], authority], fine],
  ["CONNECT without :authority", [[":method", "CONNECT"]], malformed],
  ["CONNECT with :path", [[":method", "CONNECT"], authority, path], malformed],
  [
    "CONNECT with :scheme",
    [[":method", "CONNECT"], authority, scheme],
    malformed,
  ],
];

const responses: [name: string, pairs: Pairs, ruling: number][] = [
  ["a status", [status], fine],
  [
    "an interim status",
    [
      [":status", "103"],
      ["link", "x"],
    ],
    fine,
  ],
  ["no fields", [], malformed],
  ["no status", [["x", "1"]], malformed],
  ["101", [[":status", "101"]], malformed],
  ["a status of two digits", [[":status", "20"]], malformed],
  ["a status that is none", [[":status", "2xx"]], malformed],
  ["a status below 100", [[":status", "099"]], malformed],
  ["two statuses", [status, status], malformed],
  ["a status after a field", [["x", "1"], status], malformed],
  ["a pseudo-header of requests", [status, path], malformed],
  ["an unknown pseudo-header", [status, [":x", "1"]], malformed],
  [
    "a content-length that is none",
    [status, ["content-length", "x"]],
    malformed,
  ],
  ["a field of HTTP/1.1", [status, ["transfer-encoding", "x"]], malformed],
];

const trailers: [name: string, pairs: Pairs, ruling: number][] = [
  ["fields", [["grpc-status", "0"]], fine],
  ["no fields", [], fine],
  ["a status", [status], malformed],
  ["a path", [path], malformed],
  ["an unknown pseudo-header", [[":x", "1"]], malformed],
  ["a malformed field", [["x", " 1"]], malformed],
];

const NAMES = Object.keys(Ruling);

for (const [role, judge, table] of [
  ["a request", judgeRequest, requests],
  ["a response", judgeResponse, responses],
  ["trailers", judgeTrailers, trailers],
] as const) {
  describe(`as ${role},`, () => {
    for (const [name, pairs, ruling] of table) {
      test(`${name}: ${NAMES[ruling]}`, () => {
        const block = toBlock(pairs);
        assert.equal(NAMES[judge(block)], NAMES[ruling]);
        // The second time by what it remembers.
        assert.equal(NAMES[judge(block)], NAMES[ruling]);
      });
    }
  });
}

describe("a block is judged for what it is to be", () => {
  const blocks: [name: string, pairs: Pairs, rulings: number[]][] = [
    ["a request", GET, [fine, malformed, malformed]],
    ["a response", [status], [malformed, fine, malformed]],
    ["plain fields", [["x", "1"]], [malformed, malformed, fine]],
    [
      "a bad request",
      getWith(":path", "/#"),
      [badRequest, malformed, malformed],
    ],
  ];
  for (const [name, pairs, rulings] of blocks) {
    test(`${name}, in whatever order it is asked`, () => {
      const judges = [judgeRequest, judgeResponse, judgeTrailers];
      for (const order of ["012", "021", "102", "120", "201", "210", "0102"]) {
        const block = toBlock(pairs);
        for (const digit of order) {
          const at = Number(digit);
          assert.equal(judges[at]?.(block), rulings[at], `${order} at ${at}`);
        }
      }
    });
  }
});

test("a verdict is remembered: the fields are read once", () => {
  let reads = 0;
  const counted = new Proxy([...toBlock(GET).fields], {
    get(target, name, receiver) {
      reads++;
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
  const block = new HeaderBlock(counted, 0);
  judgeRequest(block);
  assert.ok(reads > 0);
  reads = 0;
  judgeRequest(block);
  assert.equal(reads, 0);
});
