// Requests whose header lists are no well-formed HTTP: each is a stream error
// of type PROTOCOL_ERROR, never reaches the handler, and leaves its connection
// alive. And what is odd, but fine. RFC 9113, sections 8.1.1, 8.2 and 8.3.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connectRaw } from "../../support/raw-http2/client.ts";
import {
  expectReset,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import { Code, headers } from "../../support/raw-http2/frames.ts";
import {
  encodeFields,
  type Field,
  literal,
  requestFields,
} from "../../support/raw-http2/hpack.ts";
import {
  type Case,
  malformedRequests,
  replacing,
  withField,
  without,
  withPseudo,
} from "./bad-requests.ts";
import { startSubject } from "./subject.ts";

for (const [what, cases] of malformedRequests) {
  describe(`a request is reset for ${what}`, () => {
    for (const { name, fields } of cases) {
      it(name, async () => {
        await using subject = await startSubject();
        using client = await connectRaw({ port: subject.port });
        const block = encodeFields(fields);
        client.send(headers(1, block, { endStream: true }));
        await expectReset(client, 1, Code.protocolError);
        // The memo of blocks must not forget what it found wrong.
        client.send(headers(3, block, { endStream: true }));
        await expectReset(client, 3, Code.protocolError);
        client.request(5);
        await expectResponse(client, 5, 200);
        assert.deepEqual(
          subject.reached.map(({ path }) => path),
          ["/ok"],
        );
      });
    }
  });
}

const refused: readonly Case[] = [
  {
    name: "host differs from :authority",
    fields: requestFields({ fields: [["host", "other"]] }),
  },
  {
    name: "host is empty",
    fields: requestFields({ fields: [["host", ""]] }),
  },
  {
    name: "host has another port",
    fields: requestFields({ fields: [["host", "test:81"]] }),
  },
  {
    name: "the second host differs",
    fields: requestFields({
      fields: [
        ["host", "test"],
        ["host", "other"],
      ],
    }),
  },
  {
    name: "two hosts, and no :authority",
    fields: [
      ...without(":authority").fields,
      ...([
        ["host", "test"],
        ["host", "other"],
      ] as const),
    ],
  },
  replacing(":path", "/ok#fragment"),
  replacing(":path", "/ok HTTP/1.1"),
  replacing(":path", "/a b"),
  replacing(":authority", "user@test"),
];

describe("a request is answered with 400 when it is ambiguous", () => {
  for (const { name, fields } of refused) {
    it(name, async () => {
      await using subject = await startSubject();
      using client = await connectRaw({ port: subject.port });
      const block = encodeFields(fields);
      for (const id of [1, 3]) {
        client.send(headers(id, block, { endStream: true }));
        await expectResponse(client, id, 400);
      }
      client.request(5);
      await expectResponse(client, 5, 200);
      assert.equal(subject.reached.length, 1);
    });
  }
});

const wellFormed: readonly Case[] = [
  withField("x-token", "!#$%&'*+-.^_`|~09"),
  withField("!#$%&'*+-.^_`|~09az", "v"),
  ...["", "a b", "a\tb", "\x80\xff", "a:b", ":"].map((value) =>
    withField("x-value", value),
  ),
  withField("te", "trailers"),
  withField("host", "test"),
  withPseudo("host instead of :authority", (fields) => [
    ...fields.filter((field) => field[0] !== ":authority"),
    ["host", "test"],
  ]),
  withPseudo("neither host nor :authority", (fields) =>
    fields.filter((field) => field[0] !== ":authority"),
  ),
  {
    name: "pseudo-headers in another order",
    fields: requestFields().reverse(),
  },
  {
    name: "OPTIONS *",
    fields: requestFields({ method: "OPTIONS", path: "*" }),
  },
  {
    name: "a field twice",
    fields: requestFields({
      fields: [
        ["x-a", "1"],
        ["x-a", "2"],
      ],
    }),
  },
  {
    name: "a method of its own",
    fields: requestFields({ method: "m-search" }),
  },
];

describe("a request reaches the handler as it is", () => {
  for (const { name, fields } of wellFormed) {
    it(name, async () => {
      await using subject = await startSubject();
      using client = await connectRaw({ port: subject.port });
      client.send(headers(1, encodeFields(fields), { endStream: true }));
      await expectResponse(client, 1, 200);
      assert.deepEqual(subject.reached[0]?.fields, fields);
    });
  }

  it("CONNECT with :authority alone", async () => {
    await using subject = await startSubject();
    using client = await connectRaw({ port: subject.port });
    const fields: Field[] = [
      [":method", "CONNECT"],
      [":authority", "a:1"],
    ];
    client.send(headers(1, encodeFields(fields), { endStream: true }));
    await expectResponse(client, 1, 200);
    assert.deepEqual(subject.reached[0]?.fields, fields);
  });
});

it("judges a field the same from a literal and from the table", async () => {
  await using subject = await startSubject();
  using client = await connectRaw({ port: subject.port });
  const request = encodeFields(requestFields());
  const bad = literal("x-bad", "a\nb", "incremental");
  client.send(headers(1, Buffer.concat([request, bad]), { endStream: true }));
  await expectReset(client, 1, Code.protocolError);
  const again = Buffer.concat([request, Buffer.of(0xbe)]);
  client.send(headers(3, again, { endStream: true }));
  await expectReset(client, 3, Code.protocolError);
  client.request(5);
  await expectResponse(client, 5, 200);
  assert.equal(subject.reached.length, 1);
});
