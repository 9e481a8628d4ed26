// Bodies of unary requests, whole and broken, however they are cut.

import { envelope } from "../../support/raw-rpc.ts";
import {
  type Case,
  compareSides,
  helloThat,
  send,
} from "../support/compare.ts";
import { FORMATS, type Format, hello, helloBody } from "../support/formats.ts";
import type { Request } from "../support/request.ts";

const noting = helloThat((_context, notes, name) => {
  notes.add(name);
  return { greeting: `Hello ${name}` };
});

type Bodies = Record<string, (body: Buffer) => Partial<Request>>;

const NOTHING = Buffer.alloc(0);

/** Of any format. */
const BODIES: Bodies = {
  "that is missing": () => ({ pieces: [] }),
  "that is an empty frame": () => ({ pieces: [], end: "empty piece" }),
  "that is a few empty frames": () => ({ pieces: [NOTHING, NOTHING, NOTHING] }),
  "that is trailers only": () => ({ pieces: [], end: "trailers" }),
  "that ends with an empty frame": (it) => ({
    ...{ pieces: [it], end: "empty piece" },
  }),
  "that ends with trailers": (it) => ({ pieces: [it], end: "trailers" }),
  "that has empty frames in it": (it) => ({
    pieces: [NOTHING, it.subarray(0, 3), NOTHING, it.subarray(3), NOTHING],
  }),
  "in frames of one byte": (it) => ({ pieces: bytesOf(it) }),
  "in frames of one byte that come one by one": (it) => ({
    ...{ pieces: bytesOf(it), slowly: true },
  }),
  "of one byte": (it) => ({ pieces: [it.subarray(0, 1)] }),
  "of four bytes": (it) => ({ pieces: [it.subarray(0, 4)] }),
  "of five bytes": (it) => ({ pieces: [it.subarray(0, 5)] }),
  "of six bytes": (it) => ({ pieces: [it.subarray(0, 6)] }),
  "that lacks its last byte": (it) => ({ pieces: [it.subarray(0, -1)] }),
  "with one zero byte too much": (it) => ({ pieces: [it, Buffer.of(0)] }),
  "with a space too much": (it) => ({ pieces: [it, Buffer.from(" ")] }),
  "with an unknown field too much": (it) => ({
    pieces: [Buffer.concat([it, Buffer.of(0x12, 0)])],
  }),
  "with four bytes too much": (it) => ({ pieces: [it, Buffer.alloc(4)] }),
  "with five zero bytes too much": (it) => ({ pieces: [it, Buffer.alloc(5)] }),
  "with a message too much": (it) => ({ pieces: [it, it] }),
  "with a message too much in the same frame": (it) => ({
    pieces: [Buffer.concat([it, it])],
  }),
  "with a message too much that is cut": (it) => ({
    pieces: [Buffer.concat([it, it.subarray(0, 8)])],
  }),
};

/** Of formats with envelopes; called with the payload. */
const ENVELOPES: Bodies = {
  "with an envelope of length zero": () => ({ pieces: [envelope(0, NOTHING)] }),
  "that says compressed, without an encoding": (it) => ({
    pieces: [envelope(1, it)],
  }),
  "that is empty and says compressed": () => ({
    pieces: [envelope(1, NOTHING)],
  }),
  "with the flag 2": (it) => ({ pieces: [envelope(2, it)] }),
  "with the flag 4": (it) => ({ pieces: [envelope(4, it)] }),
  "with the flag 128": (it) => ({ pieces: [envelope(128, it)] }),
  "with all flags": (it) => ({ pieces: [envelope(255, it)] }),
  "with an end of stream after it": (it) => ({
    pieces: [envelope(0, it), envelope(2, Buffer.from("{}"))],
  }),
  "with trailers in an envelope after it": (it) => ({
    pieces: [envelope(0, it), envelope(128, Buffer.from("a: b\r\n"))],
  }),
  "with an envelope of trailers only": () => ({
    pieces: [envelope(128, Buffer.from("a: b\r\n"))],
  }),
  "with an empty envelope before it": (it) => ({
    pieces: [envelope(0, NOTHING), envelope(0, it)],
  }),
};

compareSides("a body", [
  ...FORMATS.flatMap((format) => [
    ...casesOf(format, BODIES, helloBody(format)),
    ...(format.protocol === "connect"
      ? []
      : casesOf(format, ENVELOPES, helloBody(format).subarray(5))),
    cutAnywhere(format),
    early(format),
  ]),
  ...FORMATS.filter(({ protocol }) => protocol !== "grpc").flatMap((format) =>
    over1(format),
  ),
]);

function casesOf(format: Format, bodies: Bodies, body: Buffer): Case[] {
  return Object.entries(bodies).map(([what, make]) => ({
    name: `${what}, ${format.name}`,
    behave: noting,
    request: hello(format, [], make(body)),
  }));
}

/** HTTP/1.1 knows neither frames nor where an empty one is. */
function over1(format: Format): Case[] {
  const body = helloBody(format);
  const pieces = bytesOf(body);
  const kinds: Record<string, Partial<Request>> = {
    "that is missing": { pieces: [] },
    "in chunks of one byte": { pieces },
    "in chunks of one byte that come one by one": { pieces, slowly: true },
    "with a length": { pieces, whole: true },
    "with a length, byte by byte": { pieces, whole: true, slowly: true },
    "that lacks its last byte": { pieces: [body.subarray(0, -1)] },
    "with a message too much": { pieces: [body, body] },
    "that ends with trailers": { pieces: [body], end: "trailers" },
  };
  return Object.entries(kinds).map(([what, kind]) => ({
    name: `${what}, ${format.name} over HTTP/1.1`,
    behave: noting,
    request: hello(format, [], { http: 1, ...kind }),
  }));
}

/** Two frames, with each byte the first of the second once. */
function cutAnywhere(format: Format): Case {
  return {
    name: `cut in two anywhere, ${format.name}`,
    behave: noting,
    async run({ side }) {
      using line = await side.connect(2);
      const body = helloBody(format);
      const answers: unknown[] = [];
      for (let at = 0; at <= body.length; at++) {
        const pieces = [body.subarray(0, at), body.subarray(at)];
        for (const slowly of [false, true])
          answers.push(await send(line, hello(format, [], { pieces, slowly })));
      }
      return answers;
    },
  };
}

/** A message is whole before its request is. */
function early(format: Format): Case {
  return {
    name: `whose end comes late, ${format.name}`,
    behave: noting,
    async run({ side, notes }) {
      using line = await side.connect(2);
      const late = line.start(hello(format, [], { end: "never" }));
      const pieces = [helloBody(format, "another")];
      await send(line, hello(format, [], { pieces }));
      notes.add("now it ends");
      late.end();
      return (await late.outcome).body.toString("latin1");
    },
  };
}

function bytesOf(body: Buffer): Buffer[] {
  return Array.from(body, (byte) => Buffer.of(byte));
}
