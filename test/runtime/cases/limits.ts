// Messages that are as large as allowed, and larger, however that is found out.

import { gzipSync } from "node:zlib";
import { envelope } from "../../support/raw-rpc.ts";
import {
  type Case,
  compareSides,
  helloThat,
  sendAlone,
} from "../support/compare.ts";
import {
  FORMATS,
  type Format,
  fieldsOf,
  hello,
  helloBody,
  PROTO_FORMATS,
  wrap,
} from "../support/formats.ts";
import type { Request } from "../support/request.ts";

const LIMIT = 100;
const DEFAULT_LIMIT = 4 << 20;

const greets = helloThat((_context, notes, name) => {
  notes.add(name.length);
  return { greeting: `Hello ${name.length}` };
});

const limited: Case["behave"] = (notes) => ({
  ...greets(notes),
  readMaxBytes: LIMIT,
});

compareSides("a limit on messages", [
  ...FORMATS.flatMap((format) =>
    httpsOf(format).flatMap((http) =>
      [LIMIT, LIMIT + 1, LIMIT * 10].flatMap((bytes): Case[] => {
        const body = bodyOf(format, bytes);
        const parts: Record<string, Partial<Request>> = {
          "in one piece": { pieces: [body] },
          "in pieces": { pieces: cut(body, 7) },
          "in slow pieces": { pieces: cut(body, 30), slowly: true },
          "with a length": {
            ...{ pieces: [body], whole: true },
            fields: [
              ...fieldsOf(format),
              ["content-length", String(body.length)],
            ],
          },
        };
        return Object.entries(parts).map(([how, part]) => {
          const request = hello(format, [], { http, ...part });
          return {
            name: `of ${LIMIT}, ${bytes} bytes ${how}, ${format.name} over HTTP/${http}`,
            behave: limited,
            // Node's server answers no second request if the first is unread.
            ...(http === 1 && bytes > LIMIT
              ? { run: ({ side }) => sendAlone(side, request) }
              : { request }),
          };
        });
      }),
    ),
  ),
  ...FORMATS.map((format) => ({
    name: `of ${LIMIT}, exceeded by what comes out of a small message, ${format.name}`,
    behave: limited,
    request: hello(format, [[format.encodingField, "gzip"]], {
      pieces: [wrap(format, gzipSync(bodyOf(format, 5_000, true)), 1)],
    }),
  })),
]);

compareSides("an announced size", [
  ...PROTO_FORMATS.filter(({ protocol }) => protocol !== "connect").flatMap(
    (format) =>
      [LIMIT + 1, 0x7fff_ffff, 0xffff_ffff].flatMap((bytes): Case[] => {
        const head = envelope(0, Buffer.alloc(0));
        head.writeUInt32BE(bytes, 1);
        const pieces = [head];
        const of = `of ${bytes} bytes, ${format.name}`;
        const ended = hello(format, [], { pieces });
        const open = hello(format, [], { pieces, end: "never" });
        return [
          { name: `${of}, and then the end`, behave: limited, request: ended },
          {
            name: `${of}, and then nothing`,
            behave: limited,
            run: ({ side }) => sendAlone(side, open),
          },
        ];
      }),
  ),
]);

compareSides("the default limit", [
  ...FORMATS.flatMap((format) =>
    [DEFAULT_LIMIT, DEFAULT_LIMIT + 1].map((bytes) => ({
      name: `and a message of ${bytes} bytes, ${format.name}`,
      behave: greets,
      run: ({ side }: Parameters<NonNullable<Case["run"]>>[0]) =>
        sendAlone(
          side,
          hello(format, [], { pieces: cut(bodyOf(format, bytes), 1 << 20) }),
        ),
    })),
  ),
]);

compareSides("a large answer", [
  ...PROTO_FORMATS.flatMap((format) =>
    [20_000, 5 << 20].flatMap((bytes) =>
      httpsOf(format).map((http) => ({
        name: `of ${bytes} bytes, ${format.name} over HTTP/${http}`,
        behave: helloThat(() => ({ greeting: "x".repeat(bytes) })),
        run: ({ side }: Parameters<NonNullable<Case["run"]>>[0]) =>
          sendAlone(side, hello(format, [], { http })),
      })),
    ),
  ),
]);

function httpsOf({ protocol }: Format): readonly (1 | 2)[] {
  return protocol === "grpc" ? [2] : [1, 2];
}

/** A body whose payload has that many bytes. */
function bodyOf(format: Format, bytes: number, bare = false): Buffer {
  const empty = helloBody(format, "");
  const enveloped = format.protocol === "connect" ? 0 : 5;
  const around =
    format.codec === "json" ? '{"name":""}'.length : 1 + lengthBytes(bytes);
  const body = helloBody(format, "x".repeat(bytes - around));
  if (empty.length >= bytes) throw new Error("there is no such message");
  return bare ? body.subarray(enveloped) : body;
}

/** The bytes that the length of a text takes, in a message of that many. */
function lengthBytes(bytes: number): number {
  for (let size = 1; ; size++)
    if (bytes - 1 - size < 2 ** (7 * size)) return size;
}

function cut(body: Buffer, bytes: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += bytes)
    pieces.push(body.subarray(at, at + bytes));
  return pieces;
}
