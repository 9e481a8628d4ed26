// Responses that are no well-formed HTTP, from a raw server to our client: the
// call fails with a stream error of type PROTOCOL_ERROR, and the connection
// serves the next one. A gateway must not pass on what its backend garbles.
// RFC 9113, sections 8.1, 8.1.1 and 8.3.2.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { expectReset } from "../../support/raw-http2/expectations.ts";
import { Code, data, headers } from "../../support/raw-http2/frames.ts";
import { encodeFields, type Field } from "../../support/raw-http2/hpack.ts";
import { listenRaw } from "../../support/raw-http2/server.ts";
import { connectCaller } from "./calls.ts";

interface Case {
  readonly name: string;
  /** What the server says on stream 1. */
  readonly frames: readonly Buffer[];
}

const END = { endStream: true };
const OK: Field = [":status", "200"];

/** A header block that doesn't end the stream. */
function block(...fields: Field[]): Buffer {
  return headers(1, encodeFields(fields));
}

/** One that does. */
function last(...fields: Field[]): Buffer {
  return headers(1, encodeFields(fields), END);
}

const badStatuses: readonly Case[] = [
  ...["", "20", "2000", "099", "000", "abc", "2x0", "+20", "20 ", " 20"].map(
    (status) => ({ name: `"${status}"`, frames: [last([":status", status])] }),
  ),
  { name: "missing", frames: [last(["x", "1"])] },
  { name: "missing, in no field at all", frames: [last()] },
  { name: "twice", frames: [last(OK, OK)] },
  { name: "after a field", frames: [last(["x", "1"], OK)] },
  { name: "101", frames: [block([":status", "101"]), last(OK)] },
  { name: "100, and the end", frames: [last([":status", "100"])] },
  { name: "103, and the end", frames: [last([":status", "103"])] },
];

const fields: Field[] = [
  ...([
    [":path", "/"],
    [":method", "GET"],
    [":unknown", "1"],
  ] as const),
  ...([
    ["Upper", "1"],
    ["", "1"],
    ["a b", "1"],
    ["a:b", "1"],
  ] as const),
  ...([
    ["é", "1"],
    ["x", "a\0"],
    ["x", "a\nb"],
    ["x", "a\rb"],
  ] as const),
  ...([
    ["x", " a"],
    ["x", "a "],
    ["connection", "close"],
  ] as const),
  ...([
    ["keep-alive", "1"],
    ["transfer-encoding", "chunked"],
  ] as const),
  ...([
    ["upgrade", "h2c"],
    ["proxy-connection", "close"],
  ] as const),
  ["te", "gzip"],
];

const badFields: readonly Case[] = fields.flatMap((field) => {
  const name = JSON.stringify(field);
  return [
    { name, frames: [last(OK, field)] },
    { name: `${name}, in 103`, frames: [block([":status", "103"], field)] },
    { name: `${name}, in trailers`, frames: [block(OK), last(field)] },
  ];
});

function length(...values: string[]): Field[] {
  return values.map((value) => ["content-length", value]);
}

const badBodies: readonly Case[] = [
  { name: "5 bytes announced, none sent", frames: [last(OK, ...length("5"))] },
  {
    name: "too short",
    frames: [block(OK, ...length("5")), data(1, "1234", END)],
  },
  {
    name: "too short before trailers",
    frames: [block(OK, ...length("5")), data(1, "1234"), last(["x", "1"])],
  },
  {
    name: "too long",
    frames: [block(OK, ...length("5")), data(1, "123456")],
  },
  {
    name: "two lengths",
    frames: [block(OK, ...length("5", "6")), data(1, "12345", END)],
  },
  ...["", "x", "-5", "+5", "5, 6", "99999999999999999999"].map((value) => ({
    name: `the length is "${value}"`,
    frames: [block(OK, ...length(value)), data(1, "12345", END)],
  })),
];

const badOrders: readonly Case[] = [
  { name: "a body without a header", frames: [data(1, "12345", END)] },
  {
    name: "a body after 100",
    frames: [block([":status", "100"]), data(1, "12345", END)],
  },
  { name: "a second header", frames: [block(OK), last(OK)] },
  {
    name: "103 after the header",
    frames: [block(OK), block([":status", "103"])],
  },
  {
    name: "trailers that don't end it",
    frames: [block(OK), data(1, "12345"), block(["x", "1"])],
  },
];

const tables: readonly [what: string, cases: readonly Case[]][] = [
  ["its status", badStatuses],
  ["a field", badFields],
  ["the length of its body", badBodies],
  ["the order of its parts", badOrders],
];

for (const [what, cases] of tables) {
  describe(`a response is reset for ${what}`, () => {
    for (const { name, frames } of cases) {
      it(name, async () => {
        await using server = await listenRaw();
        using caller = await connectCaller(server);
        const bad = caller.call();
        caller.peer.send(...frames);
        await expectReset(caller.peer, 1, Code.protocolError);
        assert.equal(await bad.closed, "local 1");
        assert.equal(bad.complete, false);

        const next = caller.call();
        caller.peer.respond(3, 204);
        assert.equal(await next.closed, "end");
        assert.equal(next.status, 204);
        assert.equal(caller.connection.state, "open");
      });
    }
  });
}

interface Fine extends Case {
  readonly method?: string;
  readonly expected: object;
}

const wellFormed: readonly Fine[] = [
  {
    name: "100, 103 twice, header, body and trailers",
    frames: [
      ...["100", "103", "103"].map((status) => block([":status", status])),
      ...[
        block(OK, ...length("5")),
        data(1, "123"),
        data(1, ""),
        data(1, "45"),
      ],
      last(["x", "1"]),
    ],
    expected: {
      ...{ information: [100, 103, 103], status: 200, body: "12345" },
      trailers: [["x", "1"]],
    },
  },
  {
    name: "to HEAD, with a length and no body",
    method: "HEAD",
    frames: [last(OK, ...length("5"))],
    expected: { status: 200, body: "" },
  },
  {
    name: "304 with a length and no body",
    frames: [last([":status", "304"], ...length("5"))],
    expected: { status: 304, body: "" },
  },
  {
    name: "a status that nobody knows",
    frames: [last([":status", "799"])],
    expected: { status: 799 },
  },
  {
    name: "with empty trailers",
    frames: [block(OK), data(1, "1"), last()],
    expected: { status: 200, body: "1", trailers: [] },
  },
  {
    name: "that ends with padding only",
    frames: [block(OK), data(1, "1"), data(1, "", { ...END, padBytes: 99 })],
    expected: { status: 200, body: "1" },
  },
];

describe("a response arrives as it is", () => {
  for (const { name, frames, method = "GET", expected } of wellFormed) {
    it(name, async () => {
      await using server = await listenRaw();
      using caller = await connectCaller(server);
      const call = caller.call({ method });
      caller.peer.send(...frames);
      assert.equal(await call.closed, "end");
      assert.partialDeepStrictEqual(call, { ...expected, complete: true });
    });
  }
});
