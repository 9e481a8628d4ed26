// Whatever a handler throws.

import { create } from "@bufbuild/protobuf";
import { DurationSchema, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { HelloRequestSchema } from "../../../gen/greeter/v1/greeter_pb.ts";
import {
  type Case,
  compareSides,
  everywhere,
  helloThat,
} from "../support/compare.ts";
import { hello, PROTO_FORMATS } from "../support/formats.ts";
import { PATHS } from "../support/sides.ts";

const codes = Object.values(Code).filter((code) => typeof code === "number");

function wire(error: ConnectError): ConnectError {
  error.isWireError = true;
  return error;
}

const metadata = [
  ["x-one", "1"],
  ["x-many", "1"],
  ["x-many", "2, 3"],
  ["x-bytes-bin", "AAECAw=="],
  ["set-cookie", "a=1"],
  ["set-cookie", "b=2; Path=/"],
] as [string, string][];

const protocolFields = [
  ["content-type", "text/plain"],
  ["content-length", "3"],
  ["content-encoding", "gzip"],
  ["grpc-status", "0"],
  ["grpc-message", "fine"],
  ["grpc-status-details-bin", "AA"],
  ["grpc-encoding", "gzip"],
  ["grpc-timeout", "1S"],
  ["connect-timeout-ms", "1"],
  ["connect-protocol-version", "1"],
  ["host", "elsewhere"],
  ["user-agent", "x"],
  ["date", "never"],
  ["trailer", "x"],
  ["trailer-x", "x"],
  ["accept-encoding", "x"],
  ["x-kept", "yes"],
] as [string, string][];

class OwnError extends ConnectError {}

const MESSAGES: Record<string, string> = {
  "no message": "",
  "text in many scripts": "Grüße 你好 😀",
  "line ends": "one\r\ntwo\nthree",
  "percent signs": "100% %41 %",
  punctuation: " !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~ ",
  "control characters": "\u0000\u0001\u007f\t",
  "a long message": "m".repeat(4_000),
};

const THROWN: Record<string, () => unknown> = {
  "an Error": () => new Error("secret"),
  "a TypeError": () => new TypeError("secret"),
  "a text": () => "secret",
  "an empty text": () => "",
  undefined: () => undefined,
  null: () => null,
  "a number": () => 5,
  "an object with a code": () => ({ code: Code.NotFound, message: "secret" }),
  "an AbortError": () => new DOMException("secret", "AbortError"),
  "a TimeoutError": () => new DOMException("secret", "TimeoutError"),
  "an error of its own class": () => new OwnError("own", Code.DataLoss),
  "an error that looks like Connect's": () =>
    Object.assign(new Error("duck"), {
      ...{ name: "ConnectError", code: Code.Aborted, rawMessage: "duck" },
      ...{ metadata: new Headers(metadata), details: [], cause: undefined },
    }),
  "an error without a code": () => new ConnectError("plain"),
  "an error made from an error": () => ConnectError.from(new Error("shown")),
  "an error with a code of 0": () => new ConnectError("zero", 0 as Code),
  "an error with a code of 99": () => new ConnectError("many", 99 as Code),
  "an error with metadata": () =>
    new ConnectError("no", Code.NotFound, metadata),
  "an error with fields of protocols": () =>
    new ConnectError("no", Code.NotFound, protocolFields),
  "an error with a cause": () =>
    new ConnectError("no", Code.NotFound, undefined, undefined, "secret"),
  "an error with details": () =>
    new ConnectError("no", Code.NotFound, undefined, [
      { desc: HelloRequestSchema, value: { name: "john" } },
      { desc: DurationSchema, value: { seconds: 5n, nanos: 7 } },
      { desc: StringValueSchema, value: create(StringValueSchema) },
    ]),
  "an error with a detail whose JSON can't be": () =>
    new ConnectError("no", Code.NotFound, undefined, [
      { desc: DurationSchema, value: { seconds: 1n << 60n, nanos: 7 } },
    ]),
  "an error with details from elsewhere": () => {
    const error = new ConnectError("no", Code.NotFound);
    error.details.push(
      { type: "no.Such", value: Buffer.of(1, 2, 3) },
      { type: "no.Such2", value: Buffer.of(), debug: { a: [1] } },
    );
    return error;
  },
  "an error of a client's": () =>
    wire(
      new ConnectError("relayed", Code.NotFound, metadata, [
        { desc: HelloRequestSchema, value: { name: "john" } },
      ]),
    ),
};

compareSides("an error", [
  ...codes.map((code) => ({
    name: `with the code ${Code[code]}`,
    behave: helloThat(() => {
      throw new ConnectError(`it is ${code}`, code);
    }),
    run: everywhere(),
  })),
  ...Object.entries(MESSAGES).map(([what, message]) => ({
    name: `with ${what}`,
    behave: helloThat(() => {
      throw new ConnectError(message, Code.NotFound, undefined, [
        { desc: HelloRequestSchema, value: { name: "john" } },
      ]);
    }),
    run: everywhere(),
  })),
]);

compareSides("a handler", [
  ...Object.entries(THROWN).flatMap(([what, make]): Case[] => [
    {
      name: `that throws ${what}`,
      behave: helloThat(() => {
        throw make();
      }),
      run: everywhere(),
    },
    {
      name: `that rejects with ${what}, later`,
      behave: helloThat(async () => {
        await new Promise(setImmediate);
        throw make();
      }),
      run: everywhere(),
    },
    {
      name: `with header fields and trailers that throws ${what}`,
      behave: helloThat((context) => {
        context.responseHeader.set("x-one", "header");
        context.responseHeader.set("x-header", "1");
        context.responseTrailer.set("x-one", "trailer");
        context.responseTrailer.set("x-trailer", "1");
        throw make();
      }),
      run: everywhere(),
    },
  ]),
  {
    name: "that throws the same error again",
    behave: (notes) => {
      const error = new ConnectError("again", Code.NotFound, metadata);
      const behave = helloThat(() => {
        throw error;
      });
      return behave(notes);
    },
    run: everywhere(),
  },
]);

compareSides("a method", [
  ...PROTO_FORMATS.map((format) => ({
    name: `that is not implemented, ${format.name}`,
    request: hello(format, [], { path: PATHS.say }),
  })),
  ...PROTO_FORMATS.map((format) => ({
    name: `that is not implemented, with a broken body, ${format.name}`,
    request: hello(format, [], { path: PATHS.say, pieces: [Buffer.of(1)] }),
  })),
]);
