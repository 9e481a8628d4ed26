// What is in the messages of unary calls: broken bytes, odd JSON, and answers
// that can't be encoded.

import { create } from "@bufbuild/protobuf";
import {
  HelloRequestSchema,
  HelloResponseSchema,
} from "../../../gen/greeter/v1/greeter_pb.ts";
import {
  type Case,
  compareSides,
  everywhere,
  helloThat,
} from "../support/compare.ts";
import { FORMATS, hello, wrap } from "../support/formats.ts";

const noting = helloThat((_context, notes, name) => {
  notes.add(name);
  return { greeting: `Hello ${name}` };
});

/** Written as hexadecimal digits. */
const PROTO: Record<string, string> = {
  "is a field number of zero": "00",
  "has a number where a string belongs": "0801",
  "has 64 bits where a string belongs": "090000000000000000",
  "has a varint that doesn't end": "0a8080808080808080808080",
  "has a length beyond its end": "0a7f61",
  "has invalid UTF-8": "0a02c328",
  "has a lone surrogate in UTF-8": "0a03eda080",
  "has a NUL": "0a0100",
  "has an unknown field": "0a046a6f686e120161",
  "has an unknown group": "0a046a6f686e130814",
  "has a group that ends and never began": "0a046a6f686e14",
  "has an unknown wire type": "0f",
  "has its field twice": "0a01610a0162",
  "is all ones": "ffffffffffffffff",
};

const JSONS: Record<string, string> = {
  "is no JSON": "{",
  "is nothing": "",
  "is white space": " \n\t ",
  "is null": "null",
  "is a list": "[]",
  "is a text": '"john"',
  "is a number": "1",
  "has white space around it": ' \n{"name": "john"}\r\n ',
  "has a byte order mark": '\u{feff}{"name":"john"}',
  "has an unknown field": '{"name":"john","nick":{"a":[1]}}',
  "has its field twice": '{"name":"a","name":"b"}',
  "has null for a text": '{"name":null}',
  "has a number for a text": '{"name":1}',
  "has a list for a text": '{"name":["john"]}',
  "has an escaped lone surrogate": '{"name":"\\ud800"}',
  "has an escaped pair": '{"name":"\\ud83d\\ude00"}',
  "has text in UTF-8": '{"name":"jörg 😀"}',
  "has a NUL": '{"name":"\\u0000"}',
  "has __proto__": '{"__proto__":{"name":"x"},"name":"john"}',
  "has $typeName": '{"$typeName":"x","name":"john"}',
  "has a comma too much": '{"name":"john",}',
  "is nested deeply": `{"nick":${"[".repeat(2_000)}${"]".repeat(2_000)}}`,
};

const INVALID_UTF8 = Buffer.from("7b226e616d65223a22c328227d", "hex");

/** What a handler answers, right and wrong. */
const ANSWERS: Record<string, () => unknown> = {
  "is a whole message": () =>
    create(HelloResponseSchema, { greeting: "Hello" }),
  "is a part of a message": () => ({}),
  "has undefined for a text": () => ({ greeting: undefined }),
  "has null for a text": () => ({ greeting: null }),
  "has a number for a text": () => ({ greeting: 1 }),
  "has an object for a text": () => ({ greeting: {} }),
  "has a field too much": () => ({ greeting: "Hello", more: 1 }),
  "has a lone surrogate": () => ({ greeting: "\ud800" }),
  "is a whole message with a lone surrogate": () =>
    create(HelloResponseSchema, { greeting: "a\udfffb" }),
  "is frozen": () => Object.freeze({ greeting: "Hello" }),
  "is a whole message that was broken": () =>
    Object.assign(create(HelloResponseSchema), { greeting: 5 }),
  "is a message of another type": () =>
    create(HelloRequestSchema, { name: "john" }),
  "has unknown fields": () =>
    Object.assign(create(HelloResponseSchema, { greeting: "Hello" }), {
      $unknown: [{ no: 9, wireType: 0, data: Buffer.of(5) }],
    }),
  "is undefined": () => undefined,
  "is null": () => null,
  "is a text": () => "Hello",
  "is a number": () => 5,
  "is a list": () => [],
  "is a function": () => () => ({ greeting: "Hello" }),
  "is promised": () => Promise.resolve({ greeting: "Hello" }),
  "is thenable": () => ({
    // biome-ignore lint/suspicious/noThenProperty: applications return these
    then: (resolve: (value: unknown) => void) => resolve({ greeting: "Hello" }),
  }),
  "comes a turn later": () =>
    new Promise((resolve) => setImmediate(resolve, { greeting: "Hello" })),
  "has text in many scripts": () => ({ greeting: "Grüße 你好 😀 \u0000" }),
  "is empty": () => ({ greeting: "" }),
};

compareSides("a message", [
  ...FORMATS.flatMap((format): Case[] =>
    Object.entries(format.codec === "proto" ? PROTO : JSONS).map(
      ([what, text]) => ({
        name: `that ${what}, ${format.name}`,
        behave: noting,
        request: hello(format, [], {
          pieces: [
            wrap(
              format,
              Buffer.from(text, format.codec === "proto" ? "hex" : "utf8"),
            ),
          ],
        }),
      }),
    ),
  ),
  ...FORMATS.map((format) => ({
    name: `in JSON that is no UTF-8, ${format.name}`,
    behave: noting,
    request: hello(format, [], { pieces: [wrap(format, INVALID_UTF8)] }),
  })),
]);

compareSides("an answer", [
  ...Object.entries(ANSWERS).map(([what, make]) => ({
    name: `that ${what}`,
    behave: helloThat(make),
    run: everywhere(),
  })),
  {
    name: "whose request was changed by the handler of an earlier one",
    behave: (notes) => ({
      greeter: {
        hello(request) {
          notes.add(request.$typeName, { ...request });
          request.name += "!";
          return { greeting: request.name };
        },
      },
    }),
    run: everywhere(),
  },
  {
    name: "whose message is used again by the next call",
    behave: () => {
      const message = create(HelloResponseSchema, { greeting: "0" });
      return {
        greeter: {
          hello() {
            message.greeting = String(Number(message.greeting) + 1);
            return message;
          },
        },
      };
    },
    run: everywhere(),
  },
]);
