// Header lists that no request may have: what gets through could be read as
// something else behind a gateway ("smuggling"). RFC 9113, sections 8.2, 8.3,
// 8.5 and 10.3.

import { type Field, requestFields } from "../../support/raw-http2/hpack.ts";

/** A request by its header list. */
export interface Case {
  readonly name: string;
  readonly fields: readonly Field[];
}

/** A request with one more field. */
export function withField(name: string, value: string): Case {
  return {
    name: `${JSON.stringify(name)}: ${JSON.stringify(value)}`,
    fields: requestFields({ fields: [[name, value]] }),
  };
}

/** A request whose pseudo-headers are changed. */
export function withPseudo(
  name: string,
  change: (fields: Field[]) => readonly Field[],
): Case {
  return { name, fields: change(requestFields()) };
}

/** A request without one of its fields. */
export function without(name: string): Case {
  return withPseudo(`no ${name}`, (fields) =>
    fields.filter((field) => field[0] !== name),
  );
}

/** A request with another value for one of its fields. */
export function replacing(name: string, value: string): Case {
  return withPseudo(`${name} is ${JSON.stringify(value)}`, (fields) =>
    fields.map((field) => (field[0] === name ? [name, value] : field)),
  );
}

const badNames: Case[] = [
  ...["", "X", "x-Upper", "XX-ALL", "a b", " a", "a ", "a\t", "\ta"],
  ...["a:b", "a:", "a\0", "\0", "a\nb", "a\r\nb", "a\rb", "\x01", "a\x1f"],
  ...["a\x7f", "a\x80", "é", "a\xff"],
].map((name) => withField(name, "v"));

const badValues: Case[] = [
  ...["\0", "a\0b", "a\r", "a\nb", "a\r\nb: c", "\n", "a\r\n\r\nGET / "],
  ...[" a", "a ", "\ta", "a\t", " ", "\t"],
].map((value) => withField("x-value", value));

const connectionSpecific: Case[] = [
  withField("connection", "close"),
  withField("connection", "x-hop"),
  withField("keep-alive", "timeout=5"),
  withField("proxy-connection", "keep-alive"),
  withField("transfer-encoding", "chunked"),
  withField("transfer-encoding", ""),
  withField("upgrade", "h2c"),
  withField("te", "gzip"),
  withField("te", "trailers, deflate"),
  withField("te", "chunked"),
];

const badPseudo: Case[] = [
  ...[without(":method"), without(":scheme"), without(":path")],
  ...[replacing(":path", ""), replacing(":path", "ok")],
  ...[replacing(":path", "*"), replacing(":path", "http://test/ok")],
  ...[replacing(":path", "?ok"), replacing(":path", " /ok")],
  ...[replacing(":method", ""), replacing(":method", "GE T")],
  ...[
    replacing(":method", "GET /x HTTP/1.1\r\nx:"),
    replacing(":method", "G\0"),
  ],
  ...[replacing(":scheme", ""), replacing(":authority", "a\r\nx: y")],
  ...["method", "scheme", "authority", "path"].map((name) =>
    withPseudo(`:${name} twice`, (fields) => [
      ...fields,
      ...fields.filter((field) => field[0] === `:${name}`),
    ]),
  ),
  ...["method", "scheme", "authority", "path"].map((name) => {
    const isIt = (field: Field) => field[0] === `:${name}`;
    return withPseudo(`:${name} after a field`, (fields) => [
      ...fields.filter((field) => !isIt(field)),
      ["x-regular", "1"],
      ...fields.filter(isIt),
    ]);
  }),
  ...[":status", ":protocol", ":unknown", ":", ":Path", "::path"].map((name) =>
    withPseudo(`${name} in a request`, (fields) => [...fields, [name, "200"]]),
  ),
  { name: "no field at all", fields: [] },
  { name: "only regular fields", fields: [["x-regular", "1"]] },
];

const badConnect: Case[] = [
  {
    name: "CONNECT with :scheme and :path",
    fields: requestFields({ method: "CONNECT" }),
  },
  {
    name: "CONNECT with :path",
    fields: [
      ...([
        [":method", "CONNECT"],
        [":authority", "a:1"],
      ] as const),
      [":path", "/"],
    ],
  },
  {
    name: "CONNECT with :scheme",
    fields: [
      ...([
        [":method", "CONNECT"],
        [":authority", "a:1"],
      ] as const),
      [":scheme", "http"],
    ],
  },
  {
    name: "CONNECT without :authority",
    fields: [[":method", "CONNECT"]],
  },
];

/** All of them, for tables. */
export const malformedRequests: readonly [
  what: string,
  cases: readonly Case[],
][] = [
  ["a field's name", badNames],
  ["a field's value", badValues],
  ["a field that belongs to HTTP/1.1 connections", connectionSpecific],
  ["pseudo-headers", badPseudo],
  ["the shape of CONNECT", badConnect],
];
