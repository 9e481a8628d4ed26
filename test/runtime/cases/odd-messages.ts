// Messages whose JSON is not that of others, and those that have bytes.

import {
  create,
  createFileRegistry,
  type DescMethodUnary,
  type Message,
} from "@bufbuild/protobuf";
import {
  type Any,
  AnySchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_struct,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { type Case, compareSides, send } from "../support/compare.ts";
import {
  encodePayload,
  FORMATS,
  fieldsOf,
  PROTO_FORMATS,
  wrap,
} from "../support/formats.ts";

const file = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    ...{ name: "odd/v1/odd.proto", package: "odd.v1", syntax: "proto3" },
    dependency: ["google/protobuf/struct.proto", "google/protobuf/any.proto"],
    service: [
      {
        name: "OddService",
        method: [
          {
            name: "Value",
            inputType: ".google.protobuf.Value",
            outputType: ".google.protobuf.Value",
          },
          {
            name: "Any",
            inputType: ".google.protobuf.Any",
            outputType: ".google.protobuf.Any",
          },
        ],
      },
    ],
  }),
  (name) =>
    name.endsWith("any.proto")
      ? file_google_protobuf_any
      : file_google_protobuf_struct,
);

function methodOf(name: "Value" | "Any") {
  const method = file.getService("odd.v1.OddService")?.methods;
  const found = method?.find((it) => it.name === name);
  if (found?.methodKind !== "unary") throw new Error(`no method ${name}`);
  return found as DescMethodUnary;
}

/** What a handler answers with types whose JSON is not that of other types. */
const ODD: Record<string, ["Value" | "Any", unknown]> = {
  "a value that is none": ["Value", {}],
  "a value that is not a number": [
    ...(["Value"] as const),
    { kind: { case: "numberValue", value: Number.NaN } },
  ],
  "a value that is null": ["Value", { kind: { case: "nullValue", value: 0 } }],
  "a value that is a text": [
    ...(["Value"] as const),
    { kind: { case: "stringValue", value: "x" } },
  ],
  "anything of an unknown type": [
    ...(["Any"] as const),
    { typeUrl: "type.googleapis.com/no.Such", value: Buffer.of(1) },
  ],
  "anything that is nothing": ["Any", {}],
};

compareSides("bytes of a message", [
  ...PROTO_FORMATS.map(
    (format): Case => ({
      name: `stay what they were after the call, ${format.name}`,
      behave: () => {
        const kept: Uint8Array[] = [];
        return {
          more: (router) =>
            router.rpc(methodOf("Any"), (request) => {
              kept.push((request as Any).value);
              return { value: Buffer.concat(kept) } as object as Message;
            }),
        };
      },
      async run({ side }) {
        using line = await side.connect(2);
        const answers: unknown[] = [];
        for (const letter of "abcd") {
          const value = Buffer.alloc(600, letter);
          const payload = encodePayload(format, AnySchema, { value });
          const body = wrap(format, payload);
          for (const pieces of [
            [body],
            [body.subarray(0, 50), body.subarray(50)],
          ])
            answers.push(
              await send(line, {
                ...{ path: "/odd.v1.OddService/Any", pieces },
                fields: fieldsOf(format),
              }),
            );
        }
        return answers;
      },
    }),
  ),
]);

compareSides("an odd answer", [
  ...FORMATS.flatMap((format): Case[] =>
    Object.entries(ODD).map(([what, [name, answer]]) => ({
      name: `of ${what}, ${format.name}`,
      behave: (notes) => ({
        more: (router) =>
          router.rpc(methodOf(name), (request) => {
            notes.add(JSON.parse(JSON.stringify(request)));
            return answer as Message;
          }),
      }),
      request: {
        path: `/odd.v1.OddService/${name}`,
        fields: fieldsOf(format),
        pieces: [
          wrap(
            format,
            name === "Any"
              ? encodePayload(format, AnySchema, {})
              : encodePayload(format, ValueSchema, {
                  kind: { case: "boolValue", value: true },
                }),
          ),
        ],
      },
    })),
  ),
]);
