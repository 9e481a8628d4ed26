// Compressed requests and answers, and what a caller says about them.

import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type Case,
  compareSides,
  everywhere,
  helloThat,
} from "../support/compare.ts";
import {
  FORMATS,
  type Format,
  hello,
  helloBody,
  wrap,
} from "../support/formats.ts";

const noting = helloThat((context, notes, name) => {
  notes.add(name, [...context.requestHeader.keys()]);
  return { greeting: `Hello ${name}` };
});

type Sent = (payload: Buffer) => { payload: Buffer; flags: number };

/** What is sent, with which encoding announced. */
const REQUESTS: Record<string, [encoding: string | undefined, Sent]> = {
  "in gzip": ["gzip", (it) => ({ payload: gzipSync(it), flags: 1 })],
  "in brotli": ["br", (it) => ({ payload: brotliCompressSync(it), flags: 1 })],
  "as it is": ["identity", (it) => ({ payload: it, flags: 0 })],
  "as it is, but said to be compressed": [
    "identity",
    (it) => ({ payload: it, flags: 1 }),
  ],
  "as it is where gzip is announced": [
    "gzip",
    (it) => ({ payload: it, flags: 0 }),
  ],
  "as gzip that is none": ["gzip", (it) => ({ payload: it, flags: 1 })],
  "as brotli that is none": ["br", (it) => ({ payload: it, flags: 1 })],
  "in gzip that is cut": [
    "gzip",
    (it) => ({ payload: gzipSync(it).subarray(0, -6), flags: 1 }),
  ],
  "in gzip with something after it": [
    "gzip",
    (it) => ({
      payload: Buffer.concat([gzipSync(it), Buffer.from("more")]),
      flags: 1,
    }),
  ],
  "in gzip twice": [
    "gzip",
    (it) => ({ payload: gzipSync(gzipSync(it)), flags: 1 }),
  ],
  "as nothing, said to be gzip": [
    "gzip",
    () => ({ payload: Buffer.alloc(0), flags: 1 }),
  ],
  "in gzip, of nothing": [
    "gzip",
    () => ({ payload: gzipSync(Buffer.alloc(0)), flags: 1 }),
  ],
  "in an unknown encoding": [
    "deflate",
    (it) => ({ payload: deflateSync(it), flags: 1 }),
  ],
  "in an unknown encoding that isn't used": [
    "deflate",
    (it) => ({ payload: it, flags: 0 }),
  ],
  "in GZIP": ["GZIP", (it) => ({ payload: gzipSync(it), flags: 1 })],
  "in two encodings": ["gzip, br", (it) => ({ payload: it, flags: 1 })],
  "in no encoding's name": ["", (it) => ({ payload: it, flags: 0 })],
  "in gzip without saying so": [
    undefined,
    (it) => ({ payload: gzipSync(it), flags: 1 }),
  ],
};

/** What a caller accepts. */
const ACCEPTED = [
  ...["gzip", "br", "br, gzip", "gzip,br", "deflate, gzip", "identity"],
  ...["identity, gzip", "*", "gzip;q=0", "gzip;q=1.0", "GZIP", "deflate"],
  ...["", ",gzip", "snappy,  br", "gzip ,br"],
];

/** Around the size from which on answers are compressed. */
const SIZES = [0, 1_000, 1_018, 1_019, 1_020, 1_021, 1_022, 1_030, 20_000];

compareSides("a compressed request", [
  ...FORMATS.flatMap((format) => requests(format)),
]);

compareSides("an answer, where the caller accepts", [
  ...ACCEPTED.flatMap((accepted): Case[] => [
    ...FORMATS.map((format) => ({
      name: `"${accepted}", ${format.name}`,
      behave: helloThat(() => ({ greeting: "x".repeat(3_000) })),
      request: hello(format, [[format.acceptField, accepted]]),
    })),
  ]),
  ...["gzip", "br"].map((accepted) => ({
    name: `${accepted} in the field of another protocol`,
    behave: helloThat(() => ({ greeting: "x".repeat(3_000) })),
    run: everywhere([
      ["connect-accept-encoding", accepted],
      ["connect-content-encoding", "identity"],
    ]),
  })),
  ...FORMATS.map((format) => ({
    name: `two lists, ${format.name}`,
    behave: helloThat(() => ({ greeting: "x".repeat(3_000) })),
    request: hello(format, [
      [format.acceptField, "deflate"],
      [format.acceptField, "br"],
    ]),
  })),
  ...FORMATS.map((format) => ({
    name: `another encoding than that of its request, ${format.name}`,
    behave: helloThat(() => ({ greeting: "x".repeat(3_000) })),
    request: hello(
      format,
      [
        [format.acceptField, "br"],
        [format.encodingField, "gzip"],
      ],
      { pieces: [wrap(format, gzipSync(payloadOf(format)), 1)] },
    ),
  })),
]);

compareSides("an answer that may be compressed", [
  ...SIZES.map((bytes) => ({
    name: `of about ${bytes} bytes`,
    behave: helloThat(() => ({ greeting: "x".repeat(bytes) })),
    run: everywhere([
      ["grpc-accept-encoding", "gzip"],
      ["accept-encoding", "gzip"],
    ]),
  })),
  ...[10, 2_000].map((bytes) => ({
    name: `and is an error of about ${bytes} bytes`,
    behave: helloThat(() => {
      throw new ConnectError("x".repeat(bytes), Code.NotFound);
    }),
    run: everywhere([
      ["grpc-accept-encoding", "gzip"],
      ["accept-encoding", "br"],
    ]),
  })),
  {
    name: "and has long trailers",
    behave: helloThat((context) => {
      context.responseTrailer.set("x-long", "x".repeat(2_000));
      return {};
    }),
    run: everywhere([["grpc-accept-encoding", "gzip"]]),
  },
  {
    name: "and whose handler says that it is",
    behave: helloThat((context) => {
      context.responseHeader.set("content-encoding", "gzip");
      context.responseHeader.set("grpc-encoding", "gzip");
      return { greeting: "x".repeat(3_000) };
    }),
    run: everywhere(),
  },
]);

function requests(format: Format): Case[] {
  return Object.entries(REQUESTS).map(([how, [encoding, make]]) => {
    const { payload, flags } = make(payloadOf(format));
    return {
      name: `${how}, ${format.name}`,
      behave: noting,
      request: hello(
        format,
        encoding === undefined ? [] : [[format.encodingField, encoding]],
        { pieces: [wrap(format, payload, flags)] },
      ),
    };
  });
}

function payloadOf(format: Format): Buffer {
  return helloBody(format).subarray(format.protocol === "connect" ? 0 : 5);
}
