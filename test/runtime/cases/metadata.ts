// Header fields and trailers: what a handler sees of its caller's, and what a
// caller sees of its handler's.

import { create, toBinary } from "@bufbuild/protobuf";
import { encodeBinaryHeader } from "@connectrpc/connect";
import { HelloRequestSchema } from "../../../gen/greeter/v1/greeter_pb.ts";
import type { Field } from "../../support/raw-http2/hpack.ts";
import {
  type Case,
  compareSides,
  everywhere,
  helloThat,
} from "../support/compare.ts";
import { plainHeaders } from "../support/notes.ts";

const noting = helloThat((context, notes) => {
  notes.add(plainHeaders(context.requestHeader));
  return {};
});

const message = create(HelloRequestSchema, { name: "john" });

const REQUESTS: Record<string, readonly Field[]> = {
  "with none of its own": [],
  "with a few": [
    ["x-one", "1"],
    ["x-two", "2"],
  ],
  "with a field twice": [
    ["x-many", "1"],
    ["x-many", "2, 3"],
  ],
  "with a cookie": [["cookie", "a=1; b=2"]],
  "with two cookies": [
    ["cookie", "a=1"],
    ["cookie", "b=2"],
  ],
  "with bytes": [
    ["x-bytes-bin", encodeBinaryHeader(toBinary(HelloRequestSchema, message))],
  ],
  "with bytes twice": [
    ["x-bytes-bin", "AAEC"],
    ["x-bytes-bin", "AwQF"],
  ],
  "with an empty field": [["x-empty", ""]],
  "with Latin letters": [["x-latin", "gr\u00fc\u00dfe"]],
  "with two user agents": [
    ["user-agent", "one"],
    ["user-agent", "two"],
  ],
  "with two authorizations": [
    ["authorization", "one"],
    ["authorization", "two"],
  ],
  "with a set-cookie": [["set-cookie", "a=1"]],
  "with two set-cookies": [
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
  ],
  "with fields of protocols": [
    ["connect-protocol-version", "1"],
    ["grpc-encoding", "identity"],
    ["content-encoding", "identity"],
    ["x-forwarded-for", "::1"],
    ["x-grpc-web", "1"],
  ],
  "with an unknown version of Connect": [["connect-protocol-version", "2"]],
  "with odd names": [
    ["x!#$%&'*+-.^_`|~", "1"],
    ["__proto__", "2"],
    ["constructor", "3"],
    ["0", "4"],
  ],
  "with two dates": [
    ["date", "one"],
    ["date", "two"],
  ],
  "with caches": [
    ["if-modified-since", "one"],
    ["if-modified-since", "two"],
    ["referer", "one"],
    ["origin", "http://x.example"],
    ["accept", "a"],
    ["accept", "b"],
  ],
};

type Fields = (headers: Headers) => void;

const set =
  (...fields: readonly Field[]): Fields =>
  (headers) => {
    for (const [name, value] of fields) headers.append(name, value);
  };

const replace =
  (...fields: readonly Field[]): Fields =>
  (headers) => {
    for (const [name, value] of fields) headers.set(name, value);
  };

const ANSWERS: Record<string, Fields> = {
  "a field": set(["x-one", "1"]),
  "a field in capitals": set(["X-One", "1"]),
  "a field twice": set(["x-many", "1"], ["x-many", "2"]),
  bytes: set(["x-bytes-bin", encodeBinaryHeader(Uint8Array.of(0, 255, 7))]),
  "two cookies": set(["set-cookie", "a=1; Path=/"], ["set-cookie", "b=2"]),
  "an empty field": set(["x-empty", ""]),
  "Latin letters": set(["x-latin", "gr\u00fc\u00dfe"]),
  "white space around a value": set(["x-space", "  a  b\t"]),
  "a content type": replace(["content-type", "text/x-own"]),
  "a second content type": set(["content-type", "text/x-own"]),
  "no content type": (headers) => headers.delete("content-type"),
  "a status of gRPC": replace(["grpc-status", "5"]),
  "a message of gRPC": replace(["grpc-message", "own"]),
  "no status of gRPC": (headers) => headers.delete("grpc-status"),
  "what was there before": (headers) => {
    for (const [name, value] of [...headers]) headers.set(name, value);
  },
  "its fields twice": (headers) => {
    for (const [name, value] of [...headers]) headers.append(name, value);
  },
  "nothing, and was asked for it": (headers) => {
    headers.get("content-type");
    headers.delete("x-none");
  },
  "a date": replace(["date", "Thu, 01 Jan 1970 00:00:00 GMT"]),
  "a server": replace(["server", "own"]),
  "a field with the prefix of trailers": set(["trailer-x", "1"]),
  "a cache's fields": set(["etag", '"1"'], ["vary", "a"], ["vary", "b"]),
  "what browsers ask": set(["access-control-allow-origin", "*"]),
  "many fields": (headers) => {
    for (let i = 0; i < 60; i++) headers.set(`x-${i}`, "v".repeat(i));
  },
  "a long field": set(["x-long", "l".repeat(8_000)]),
  "one field that was deleted again": (headers) => {
    headers.set("x-gone", "1");
    headers.set("x-stays", "1");
    headers.delete("x-gone");
  },
};

compareSides("a request", [
  ...Object.entries(REQUESTS).map(([what, fields]) => ({
    name: what,
    behave: noting,
    run: everywhere(fields),
  })),
  {
    name: "whose header fields a handler changes",
    behave: helloThat((context, notes) => {
      notes.add(plainHeaders(context.requestHeader));
      context.requestHeader.set("x-one", "changed");
      context.requestHeader.delete("content-type");
      notes.add(plainHeaders(context.requestHeader));
      return {};
    }),
    run: everywhere([["x-one", "1"]]),
  },
  {
    name: "whose header fields are looked at in all ways",
    behave: helloThat(({ requestHeader: it }, notes) => {
      const seen = new Headers();
      it.forEach((value, name) => {
        seen.append(name, value);
      });
      notes.add(plainHeaders(seen), plainHeaders(new Headers(it)));
      notes.add([...it.keys()].length === [...it.values()].length);
      notes.add(it.get("X-MANY"), it.get("x-none"), it.has("x-Many"));
      notes.add(it instanceof Headers, it.getSetCookie());
      notes.add(Object.prototype.toString.call(it));
      return {};
    }),
    run: everywhere([
      ["x-many", "1"],
      ["x-many", "2"],
    ]),
  },
]);

compareSides("an answer has", [
  ...Object.entries(ANSWERS).flatMap(([what, act]): Case[] => [
    {
      name: `${what} of its handler's`,
      behave: helloThat((context) => {
        act(context.responseHeader);
        return {};
      }),
      run: everywhere(),
    },
    {
      name: `${what} of its handler's as a trailer`,
      behave: helloThat((context) => {
        act(context.responseTrailer);
        return {};
      }),
      run: everywhere(),
    },
    {
      name: `${what} of an interceptor's`,
      behave: () => ({
        interceptors: [
          (next) => async (request) => {
            const response = await next(request);
            act(response.header);
            return response;
          },
        ],
      }),
      run: everywhere(),
    },
    {
      name: `${what} of an interceptor's as a trailer`,
      behave: () => ({
        interceptors: [
          (next) => async (request) => {
            const response = await next(request);
            act(response.trailer);
            return response;
          },
        ],
      }),
      run: everywhere(),
    },
  ]),
  {
    name: "nothing of what a handler says after its answer",
    behave: helloThat((context) => {
      setImmediate(() => {
        context.responseHeader.set("x-late", "1");
        context.responseTrailer.set("x-late", "1");
      });
      return {};
    }),
    run: everywhere(),
  },
  {
    name: "no field of another call",
    behave: helloThat(({ responseHeader, responseTrailer }, notes) => {
      notes.add(plainHeaders(responseHeader), plainHeaders(responseTrailer));
      responseHeader.set("x-count", String(notes.contexts.length));
      responseTrailer.set("x-count", String(notes.contexts.length));
      return {};
    }),
    run: everywhere(),
  },
]);
