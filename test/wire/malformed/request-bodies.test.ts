// Bodies that are not what the header says, and trailers that are none: two
// readers could disagree on where the request ends. The request may have
// reached the handler, but it never ends as a complete one does. RFC 9113,
// section 8.1.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connectRaw } from "../../support/raw-http2/client.ts";
import {
  expectReset,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import { Code, data, headers } from "../../support/raw-http2/frames.ts";
import {
  encodeFields,
  type Field,
  literal,
  requestBlock,
} from "../../support/raw-http2/hpack.ts";
import { startSubject } from "./subject.ts";

const END = { endStream: true };
const EMPTY = data(1, "", END);

/** A POST on stream 1 with these values of content-length. */
function post(...lengths: string[]): Buffer {
  const fields = lengths.map((value): Field => ["content-length", value]);
  return headers(1, requestBlock({ method: "POST", path: "/bad", fields }));
}

/** The same, and no body. */
function postNothing(...lengths: string[]): Buffer {
  const fields = lengths.map((value): Field => ["content-length", value]);
  const block = requestBlock({ method: "POST", path: "/bad", fields });
  return headers(1, block, END);
}

const trailers = headers(1, literal("x-end", "1"), END);

interface Case {
  readonly name: string;
  readonly frames: readonly Buffer[];
}

/** content-length is no number of bytes: it never reaches the handler. */
const badLengths: readonly Case[] = [
  ...["five", "-5", "+5", "5a", "0x5", "5.0", "5,5", "5, 5", "", "5;"].map(
    (value) => ({ name: value, frames: [post(value), data(1, "12345", END)] }),
  ),
  ...["99999999999999999999", "18446744073709551621", "4294967301e0"].map(
    (value) => ({ name: value, frames: [post(value), data(1, "12345", END)] }),
  ),
  { name: "5 and 6", frames: [post("5", "6"), data(1, "12345", END)] },
  { name: "6 and 5", frames: [post("6", "5"), data(1, "12345", END)] },
  { name: "5, and no body", frames: [postNothing("5")] },
  { name: "not a number, and no body", frames: [postNothing("x")] },
];

/** The body turns out to be another. */
const mismatches: readonly Case[] = [
  { name: "too short", frames: [post("5"), data(1, "123", END)] },
  { name: "empty", frames: [post("5"), EMPTY] },
  { name: "too long", frames: [post("5"), data(1, "123456", END)] },
  {
    name: "too long by a frame",
    frames: [post("5"), data(1, "12345"), data(1, "6")],
  },
  { name: "something for nothing", frames: [post("0"), data(1, "1", END)] },
  {
    name: "too short before trailers",
    frames: [post("5"), data(1, "123"), trailers],
  },
  { name: "nothing before trailers", frames: [post("5"), trailers] },
  {
    name: "too short, padding not counted",
    frames: [post("5"), data(1, "123", { ...END, padBytes: 2 })],
  },
];

const pseudo: Field[] = [
  ...([
    [":status", "200"],
    [":path", "/other"],
    [":method", "GET"],
  ] as const),
  ...([
    [":x", "1"],
    ["Upper", "case"],
    ["a b", "1"],
    ["x", "a\nb"],
  ] as const),
  ...([
    ["connection", "close"],
    ["transfer-encoding", "chunked"],
  ] as const),
  ["", "1"],
];

const badTrailers: readonly Case[] = [
  ...pseudo.map((field) => ({
    name: `they have ${JSON.stringify(field)}`,
    frames: [post(), data(1, "12345"), headers(1, encodeFields([field]), END)],
  })),
  {
    name: "they don't end the stream",
    frames: [post(), data(1, "12345"), headers(1, literal("x-end", "1"))],
  },
  {
    name: "there are none, and they don't end the stream",
    frames: [post(), headers(1, Buffer.alloc(0))],
  },
  {
    name: "they are another request",
    frames: [post(), headers(1, requestBlock({ path: "/other" }), END)],
  },
];

const tables: readonly [what: string, cases: readonly Case[]][] = [
  ["content-length is wrong", badLengths],
  ["the body isn't as long as content-length says", mismatches],
  ["its trailers are wrong", badTrailers],
];

for (const [what, cases] of tables) {
  describe(`a request is reset when ${what}`, () => {
    for (const { name, frames } of cases) {
      it(name, async () => {
        await using subject = await startSubject();
        using client = await connectRaw({ port: subject.port });
        client.send(...frames);
        await expectReset(client, 1, Code.protocolError);
        client.request(3);
        await expectResponse(client, 3, 200);
        const bad = subject.reached.filter(({ path }) => path !== "/ok");
        assert(bad.length <= (cases === badLengths ? 0 : 1));
        for (const { complete, closed } of bad) {
          assert.deepEqual(
            { complete, closed },
            { complete: false, closed: "local 1" },
          );
        }
        assert.equal(subject.reached.length - bad.length, 1);
      });
    }
  });
}

const wellFormed: readonly Case[] = [
  { name: "in one frame", frames: [post("5"), data(1, "12345", END)] },
  { name: "without content-length", frames: [post(), data(1, "12345", END)] },
  {
    name: "in many frames, one of them empty",
    frames: [
      ...[post("5"), data(1, "1"), data(1, ""), data(1, "234")],
      ...[data(1, "5"), EMPTY],
    ],
  },
  {
    name: "with padding, which doesn't count",
    frames: [post("5"), data(1, "12345", { ...END, padBytes: 200 })],
  },
  { name: "before trailers", frames: [post("5"), data(1, "12345"), trailers] },
  {
    name: "with leading zeros",
    frames: [post("0005"), data(1, "12345", END)],
  },
];

describe("a request's body arrives", () => {
  for (const { name, frames } of wellFormed) {
    it(name, async () => {
      await using subject = await startSubject();
      using client = await connectRaw({ port: subject.port });
      client.send(...frames);
      await expectResponse(client, 1, 200);
      const [request] = subject.reached;
      assert.equal(request?.body, "12345");
      assert.deepEqual(
        request?.trailers,
        frames.includes(trailers) ? [["x-end", "1"]] : [],
      );
    });
  }

  it("byte by byte", async () => {
    await using subject = await startSubject();
    using client = await connectRaw({ port: subject.port });
    const all = Buffer.concat([post("5"), data(1, "12345"), trailers]);
    for (const byte of all) client.send(Buffer.of(byte));
    await expectResponse(client, 1, 200);
    assert.equal(subject.reached[0]?.body, "12345");
  });

  for (const lengths of [["0"], ["00"], []]) {
    it(`empty, with content-length ${lengths[0] ?? "left out"}`, async () => {
      await using subject = await startSubject();
      using client = await connectRaw({ port: subject.port });
      client.send(postNothing(...lengths));
      await expectResponse(client, 1, 200);
    });
  }
});
