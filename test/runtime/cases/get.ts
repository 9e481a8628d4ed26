// Connect's unary calls by GET: the message is in the query.

import { brotliCompressSync, gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { HelloRequestSchema } from "../../../gen/greeter/v1/greeter_pb.ts";
import type { Field } from "../../support/raw-http2/hpack.ts";
import {
  type Bench,
  type Case,
  compareSides,
  helloThat,
  send,
} from "../support/compare.ts";
import { PATHS } from "../support/sides.ts";

const noting = helloThat((context, notes, name) => {
  notes.add(name, context.requestMethod, context.url, context.protocolName);
  notes.add(context.timeoutMs() === undefined);
  return { greeting: `Hello ${name.length > 100 ? name.length : name}` };
});

const json = '{"name":"john"}';
const proto = Buffer.from(
  toBinary(HelloRequestSchema, create(HelloRequestSchema, { name: "john?>~" })),
);
const enc = encodeURIComponent;
const message = `message=${enc(json)}`;
const gzip = gzipSync(json).toString("base64url");
const br = brotliCompressSync(json).toString("base64url");

const QUERIES: Record<string, string> = {
  "in JSON": `connect=v1&encoding=json&${message}`,
  "in JSON, without a version": `encoding=json&${message}`,
  "with an unknown version": `connect=v2&encoding=json&${message}`,
  "in another order": `${message}&encoding=json&connect=v1`,
  "in JSON and base64": `connect=v1&encoding=json&base64=1&message=${Buffer.from(json).toString("base64url")}`,
  "in protobuf and base64 for URLs": `connect=v1&encoding=proto&base64=1&message=${proto.toString("base64url")}`,
  "in protobuf and padded base64": `connect=v1&encoding=proto&base64=1&message=${enc(proto.toString("base64"))}`,
  "in protobuf, not in base64": `connect=v1&encoding=proto&message=${enc(proto.toString("latin1"))}`,
  "in gzip": `connect=v1&encoding=json&base64=1&compression=gzip&message=${gzip}`,
  "in brotli": `connect=v1&encoding=json&base64=1&compression=br&message=${br}`,
  "in gzip that is none": `connect=v1&encoding=json&compression=gzip&${message}`,
  "in no compression": `connect=v1&encoding=json&compression=identity&${message}`,
  "in an unknown compression": `connect=v1&encoding=json&compression=x&${message}`,
  "in an empty compression": `connect=v1&encoding=json&compression=&${message}`,
  "in broken base64": "connect=v1&encoding=proto&base64=1&message=%25%25",
  "in base64 with base64=0": `encoding=json&base64=0&${message}`,
  "that is empty, in protobuf": "connect=v1&encoding=proto&message=",
  "that is empty, in JSON": "connect=v1&encoding=json&message=",
  "that is broken": "connect=v1&encoding=json&message=%7B",
  "of a wrong type": "connect=v1&encoding=json&message=%7B%22name%22%3A1%7D",
  "with spaces as plus": "encoding=json&message=%7B%22name%22:%22a+b%22%7D",
  "in raw UTF-8": 'encoding=json&message={"name":"\u00c3\u00bc"}',
  "in percents that are no UTF-8":
    "encoding=json&message=%7B%22name%22:%22%ff%22%7D",
  "with a broken percent": "encoding=json&message=%7B%22name%22:%22%zz%22%7D",
  twice: `encoding=json&${message}&message=%7B%7D`,
  "with two encodings": `encoding=json&encoding=proto&${message}`,
  "with parameters of its own": `encoding=json&${message}&more=1&_=5`,
  "that is too large": `encoding=json&message=${enc(JSON.stringify({ name: "x".repeat(2_000) }))}`,
  "in an unknown encoding": `connect=v1&encoding=xml&${message}`,
  "in an encoding in capitals": `connect=v1&encoding=JSON&${message}`,
};

const FIELDS: Record<string, readonly Field[]> = {
  "a content type": [["content-type", "application/json"]],
  "a content type of gRPC": [["content-type", "application/grpc"]],
  "a content type of nobody": [["content-type", "text/plain"]],
  "a time-out": [["connect-timeout-ms", "50000"]],
  "a broken time-out": [["connect-timeout-ms", "x"]],
  "a content encoding": [["content-encoding", "gzip"]],
  "what it accepts": [["accept-encoding", "gzip"]],
};

compareSides("a GET with its message", [
  ...([2, 1] as const).flatMap((http) => [
    ...Object.entries(QUERIES).map(
      ([what, query]): Case => ({
        name: `${what}, over HTTP/${http}`,
        behave: (notes) => ({ ...noting(notes), readMaxBytes: 1_000 }),
        run: (bench) => get(bench, query, http),
      }),
    ),
    ...Object.entries(FIELDS).map(
      ([what, fields]): Case => ({
        name: `and ${what}, over HTTP/${http}`,
        behave: noting,
        run: (bench) => get(bench, `encoding=json&${message}`, http, fields),
      }),
    ),
  ]),
  {
    name: "and a large answer that may be compressed",
    behave: helloThat(() => ({ greeting: "x".repeat(5_000) })),
    run: (bench) =>
      get(bench, `encoding=json&${message}`, 2, [["accept-encoding", "br"]]),
  },
  {
    name: "and an error",
    behave: helloThat((context) => {
      context.responseHeader.set("x-one", "1");
      throw new Error("secret");
    }),
    run: (bench) => get(bench, `encoding=json&${message}`, 2),
  },
]);

async function get(
  { side }: Bench,
  query: string,
  http: 1 | 2,
  fields: readonly Field[] = [],
): Promise<unknown> {
  using line = await side.connect(http);
  const path = `${PATHS.hello}?${query}`;
  const request = { method: "GET", path, fields, http };
  return [await send(line, request), await send(line, request)];
}
