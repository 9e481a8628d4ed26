// What no handler answers: paths, methods and content types that are not served.

import {
  type Case,
  compareSides,
  everywhere,
  sendAlone,
} from "../support/compare.ts";
import { FORMATS, hello, helloBody } from "../support/formats.ts";
import { PATHS } from "../support/sides.ts";

const [grpc, , connect] = FORMATS;
const body = connect && helloBody(connect);
const envelopedBody = grpc && helloBody(grpc);
const json = Buffer.from('{"name":"john"}');

/** With the body that they promise. */
const TYPES: readonly (readonly [type: string, body: Buffer | undefined])[] = [
  ...["application/grpc", "application/grpc+proto", "application/grpc-web"],
  ...[
    "APPLICATION/GRPC",
    "Application/Grpc+Proto",
    "application/grpc-web+PROTO",
  ],
].map((type) => [type, envelopedBody] as const);

const JSON_TYPES = [
  ...["application/json", "APPLICATION/JSON", "application/json;charset=utf-8"],
  ...["application/json; charset=utf-8", "application/json; charset=UTF-8"],
  ...["application/json; charset=utf8", "application/json;charset=Utf8"],
];

/** Of no protocol. */
const ODD_TYPES = [
  ...["application/grpc-web-text", "application/grpc-web-text+proto"],
  ...["application/jsonx", "text/plain", "x", "application/xml"],
  ...["application/x-protobuf", "application/", "json", ""],
  "application/json, application/json",
];

/** Of a protocol, but nothing that it knows. */
const UNKNOWN_TYPES = [
  ...["application/json;  charset=utf-8", 'application/json; charset="utf-8"'],
  ...["application/json; charset=latin1", "application/json; a=b"],
  ...["application/proto; charset=utf-8", "application/grpc; a=b"],
  ...["application/grpc+thrift", "application/connect+json"],
  ...["application/connect+proto", "application/grpc+"],
];

const at = (path: string): NonNullable<Case["run"]> => everywhere([], { path });

compareSides("a content type", [
  ...TYPES.map(([type, bytes]) => ({
    name: `of "${type}"`,
    request: {
      path: PATHS.hello,
      fields: [["content-type", type] as const],
      pieces: bytes ? [bytes] : [],
    },
  })),
  ...["application/proto", "APPLICATION/Proto"].map((type) => ({
    name: `of "${type}"`,
    request: {
      path: PATHS.hello,
      fields: [["content-type", type] as const],
      pieces: body ? [body] : [],
    },
  })),
  ...JSON_TYPES.flatMap((type) =>
    ([1, 2] as const).map((http) => ({
      name: `of "${type}" over HTTP/${http}`,
      request: {
        path: PATHS.hello,
        fields: [["content-type", type] as const],
        pieces: [json],
        http,
      },
    })),
  ),
  ...ODD_TYPES.map((type) => ({
    name: `that is odd, "${type}"`,
    request: {
      path: PATHS.hello,
      fields: [["content-type", type] as const],
      pieces: [json],
    },
  })),
  ...UNKNOWN_TYPES.map((type) => ({
    name: `that is unknown, "${type}"`,
    request: {
      path: PATHS.hello,
      fields: [["content-type", type] as const],
      pieces: [json],
    },
  })),
  {
    name: "that is missing",
    request: { path: PATHS.hello, fields: [], pieces: [json] },
  },
  {
    name: "that is there twice",
    request: {
      path: PATHS.hello,
      fields: [
        ["content-type", "application/json"],
        ["content-type", "application/proto"],
      ],
      pieces: [json],
    },
  },
]);

compareSides("a path", [
  { name: "that is not served", run: at("/no.such/Method") },
  {
    name: "of no method of a service",
    run: at("/greeter.v1.GreeterService/NoSuch"),
  },
  { name: "that is the root", run: at("/") },
  { name: "in small letters", run: at(PATHS.hello.toLowerCase()) },
  { name: "with a slash too much", run: at(`${PATHS.hello}/`) },
  { name: "with two slashes", run: at(`/${PATHS.hello}`) },
  { name: "with a query", run: at(`${PATHS.hello}?a=b`) },
  { name: "with an empty query", run: at(`${PATHS.hello}?`) },
  {
    name: "with encoded letters",
    run: at("/greeter.v1.GreeterService/%48ello"),
  },
]);

compareSides("a method of HTTP", [
  ...["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "QUERY"].flatMap((method) =>
    FORMATS.flatMap((format) =>
      (format.protocol === "grpc" ? ([2] as const) : ([1, 2] as const)).map(
        (http): Case => ({
          name: `like ${method}, ${format.name} over HTTP/${http}`,
          run: ({ side }) =>
            sendAlone(side, hello(format, [], { method, http, pieces: [] })),
        }),
      ),
    ),
  ),
  ...FORMATS.map(
    (format): Case => ({
      name: `like GET where it is not allowed, ${format.name}`,
      run: ({ side }) =>
        sendAlone(
          side,
          hello(format, [], {
            method: "GET",
            path: `${PATHS.say}?encoding=json&message=%7B%7D`,
            pieces: [],
          }),
        ),
    }),
  ),
  {
    name: "like POST for gRPC over HTTP/1.1",
    run: ({ side }) =>
      grpc ? sendAlone(side, hello(grpc, [], { http: 1 })) : Promise.reject(),
  },
]);
