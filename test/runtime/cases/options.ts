// Options of a server and of one of its services.

import { create, createRegistry } from "@bufbuild/protobuf";
import { AnySchema, anyPack, DurationSchema } from "@bufbuild/protobuf/wkt";
import {
  Code,
  ConnectError,
  type ConnectRouterOptions,
  createContextKey,
} from "@connectrpc/connect";
import { HelloRequestSchema } from "../../../gen/greeter/v1/greeter_pb.ts";
import {
  type Case,
  compareSides,
  everywhere,
  helloThat,
} from "../support/compare.ts";
import { FORMATS, hello } from "../support/formats.ts";
import { type Notes, plainHeaders, plainSignal } from "../support/notes.ts";
import type { Behaviour } from "../support/sides.ts";

const key = createContextKey("default");

const greets = helloThat((context, notes, name) => {
  notes.add("handler", name.length, context.values.get(key));
  return { greeting: `Hello ${name}` };
});

type Gate = NonNullable<ConnectRouterOptions["requestGate"]>;

const GATES: Record<string, (notes: Notes) => Gate> = {
  "lets pass": (notes) => () => notes.add("gate"),
  "lets pass later": () => () => new Promise(setImmediate),
  "looks around": (notes) => (context) => {
    notes.add(plainHeaders(context.requestHeader), context.url);
    notes.add(context.requestMethod, context.protocolName);
    notes.add(context.method.name, context.service.typeName);
    notes.add(typeof context.timeoutMs(), plainSignal(context.signal));
    notes.add(Object.keys({ ...context }).includes("values"));
  },
  "sets a value": () => (context) => {
    context.values.set(key, "by the gate");
  },
  "sets header fields and trailers": () => (context) => {
    context.responseHeader.set("x-gate", "1");
    context.responseTrailer.set("x-gate-trailer", "1");
    context.requestHeader.set("x-seen", "1");
  },
  refuses: () => () => {
    throw new ConnectError("no", Code.Unauthenticated, {
      "www-authenticate": "Bearer",
    });
  },
  "refuses later": () => async () => {
    await new Promise(setImmediate);
    throw new ConnectError("no", Code.PermissionDenied);
  },
  "refuses with header fields": () => (context) => {
    context.responseHeader.set("x-gate", "1");
    throw new ConnectError("no", Code.PermissionDenied);
  },
  "throws an Error": () => () => {
    throw new Error("secret");
  },
};

const noting: (name: string, notes: Notes) => Behaviour["interceptors"] = (
  name,
  notes,
) => [
  (next) => (request) => {
    notes.add(name);
    return next(request);
  },
];

compareSides("a gate", [
  ...Object.entries(GATES).flatMap(([what, make]): Case[] => [
    {
      name: `that ${what}`,
      behave: (notes) => ({
        ...greets(notes),
        requestGate: make(notes),
        interceptors: noting("interceptor", notes) ?? [],
      }),
      run: everywhere(),
    },
    {
      name: `that ${what}, in front of a broken body`,
      behave: (notes) => ({ ...greets(notes), requestGate: make(notes) }),
      run: everywhere([], { pieces: [Buffer.of(1, 2, 3)] }),
    },
    {
      name: `that ${what}, in front of an unknown encoding`,
      behave: (notes) => ({ ...greets(notes), requestGate: make(notes) }),
      run: everywhere([
        ["grpc-encoding", "x"],
        ["content-encoding", "x"],
      ]),
    },
    ...FORMATS.map(
      (format): Case => ({
        name: `that ${what}, before the body comes, ${format.name}`,
        behave: (notes) => ({ ...greets(notes), requestGate: make(notes) }),
        async run({ side }) {
          using line = await side.connect(2);
          const call = line.start(hello(format, [], { end: "never" }));
          if (!what.startsWith("refuses")) call.end();
          const { status, fields, trailers, body } = await call.outcome;
          const about = [...fields, ...trailers].filter(([name]) =>
            /^x-|^www|status/.test(name),
          );
          return [status, about, body.toString("latin1")];
        },
      }),
    ),
  ]),
]);

compareSides("an option of a server", [
  ...[1, 11, 12, 13, 100].map((writeMaxBytes) => ({
    name: `that limits answers to ${writeMaxBytes} bytes`,
    behave: (notes: Notes) => ({ ...greets(notes), writeMaxBytes }),
    run: everywhere(),
  })),
  {
    name: "that limits answers, and an error that is longer",
    behave: (notes: Notes) => ({
      ...helloThat(() => {
        throw new ConnectError("x".repeat(500), Code.NotFound);
      })(notes),
      writeMaxBytes: 100,
    }),
    run: everywhere(),
  },
  {
    name: "that demands known fields in JSON",
    behave: (notes) => ({
      ...greets(notes),
      jsonOptions: { ignoreUnknownFields: false },
    }),
    run: everywhere([], { pieces: [Buffer.from('{"name":"a","b":1}')] }),
  },
  {
    name: "that writes empty fields in JSON",
    behave: (notes) => ({
      ...helloThat(() => ({}))(notes),
      jsonOptions: { alwaysEmitImplicit: true },
    }),
    run: everywhere(),
  },
  {
    name: "that knows the types of details",
    behave: (notes) => ({
      ...helloThat(() => {
        throw new ConnectError("no", Code.NotFound, undefined, [
          { desc: AnySchema, value: packed() },
        ]);
      })(notes),
      jsonOptions: { registry: createRegistry(DurationSchema) },
    }),
    run: everywhere(),
  },
]);

const SERVICE_OPTIONS: Record<string, ConnectRouterOptions> = {
  "with a limit on requests": { readMaxBytes: 3 },
  "with a higher limit on requests": { readMaxBytes: 1_000 },
  "with a limit on answers": { writeMaxBytes: 3 },
  "without compression": { acceptCompression: [] },
  "with compression of small answers": { compressMinBytes: 1 },
  "with a limit on time-outs": { maxTimeoutMs: 1_000 },
  "that demands Connect's version": { requireConnectProtocolHeader: true },
  "with options for JSON": { jsonOptions: { alwaysEmitImplicit: true } },
  "with options for protobuf": { binaryOptions: { readUnknownFields: false } },
  "with a gate of its own": {
    requestGate: () => {
      throw new ConnectError("no", Code.Unauthenticated);
    },
  },
  "with an interceptor of its own": {
    interceptors: [
      (next) => async (request) => {
        const response = await next(request);
        response.header.append("x-service", "1");
        return response;
      },
    ],
  },
  "without gRPC": { grpc: false },
  "without gRPC-Web": { grpcWeb: false },
  "without Connect": { connect: false },
  "with a signal that has aborted": {
    shutdownSignal: AbortSignal.abort(
      new ConnectError("bye", Code.Unavailable),
    ),
  },
};

compareSides("a service", [
  ...Object.entries(SERVICE_OPTIONS).map(
    ([what, greeterOptions]): Case => ({
      name: what,
      behave: (notes) => ({
        ...helloThat((context) => {
          notes.add(plainSignal(context.signal), typeof context.timeoutMs());
          return { greeting: "Hello" };
        })(notes),
        readMaxBytes: 100,
        interceptors: noting("of the server", notes) ?? [],
        greeterOptions,
      }),
      run: everywhere([
        ["grpc-accept-encoding", "gzip"],
        ["accept-encoding", "gzip"],
        ["grpc-timeout", "50S"],
        ["connect-timeout-ms", "50000"],
      ]),
    }),
  ),
]);

function packed() {
  const duration = create(DurationSchema, { seconds: 5n });
  return anyPack(DurationSchema, duration);
}

compareSides("a detail", [
  {
    name: "of a type with an unknown type in it",
    behave: helloThat(() => {
      throw new ConnectError("no", Code.NotFound, undefined, [
        { desc: AnySchema, value: packed() },
        { desc: HelloRequestSchema, value: { name: "john" } },
      ]);
    }),
    run: everywhere(),
  },
]);
