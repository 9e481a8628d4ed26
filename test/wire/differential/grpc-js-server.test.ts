// @grpc/grpc-js as server of our client: what most foreign gRPC servers written
// for Node use.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
  status,
} from "@grpc/grpc-js";
import { createHeaderBlock, type StreamHandler } from "../../../wire/index.ts";
import { startCaller } from "./caller.ts";

/** Only what hangs takes so long, in milliseconds. */
const timeout = 60_000;

const LARGE_BYTES = 2_000_000;
const same = (message: Buffer) => message;

/** A message as gRPC frames it: no compression, length, bytes. */
function frame(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** grpc-js's own server, with the same methods. */
async function startGrpcJsServer() {
  const cancelled = Promise.withResolvers<void>();
  const method = (path: string, isStream: boolean) => ({
    path,
    requestStream: isStream,
    responseStream: isStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  });
  const service: ServiceDefinition = {
    Unary: method("/echo/Unary", false),
    Stream: method("/echo/Stream", true),
    Fail: method("/echo/Fail", false),
  };
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  server.addService(service, {
    Unary: (call: { request: Buffer }, done: (e: null, m: Buffer) => void) =>
      done(null, call.request),
    Fail: (_call: unknown, done: (error: object) => void) =>
      done({ code: status.NOT_FOUND, details: "not here" }),
    Stream(call: ServerDuplexStream<Buffer, Buffer>) {
      call.on("data", (message: Buffer) => call.write(message));
      call.on("end", () => call.end());
      call.on("cancelled", () => cancelled.resolve());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    const insecure = ServerCredentials.createInsecure();
    server.bindAsync("127.0.0.1:0", insecure, (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    port,
    cancelled: cancelled.promise,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

const grpcFields: [string, string][] = [
  ["content-type", "application/grpc"],
  ["te", "trailers"],
];

describe("our client gets from a server of grpc-js", { timeout }, () => {
  for (const bytes of [0, 100, LARGE_BYTES]) {
    test(`a message of ${bytes} bytes`, async () => {
      await using server = await startGrpcJsServer();
      await using caller = startCaller(server.port);
      const body = frame(Buffer.alloc(bytes, "x"));
      const path = "/echo/Unary";
      const answer = await caller.call(
        "POST",
        path,
        body,
        undefined,
        grpcFields,
      );
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.body, body);
      assert.deepEqual(new Map(answer.trailers).get("grpc-status"), "0");
      assert.equal(answer.code, 0);
    });
  }

  test("many answers at once", async () => {
    await using server = await startGrpcJsServer();
    await using caller = startCaller(server.port);
    const bodies = Array.from({ length: 200 }, (_, i) =>
      frame(Buffer.alloc(i)),
    );
    const answers = await Promise.all(
      bodies.map((body) =>
        caller.call("POST", "/echo/Unary", body, undefined, grpcFields),
      ),
    );
    assert.deepEqual(
      answers.map(({ body }) => body),
      bodies,
    );
  });

  test("an error in trailers alone", async () => {
    await using server = await startGrpcJsServer();
    await using caller = startCaller(server.port);
    const body = frame(Buffer.alloc(3));
    const path = "/echo/Fail";
    const answer = await caller.call("POST", path, body, undefined, grpcFields);
    const fields = new Map([...answer.headers, ...(answer.trailers ?? [])]);
    assert.equal(fields.get("grpc-status"), "5");
    assert.equal(fields.get("grpc-message"), "not%20here");
  });

  test("messages one by one, and cancels", async () => {
    await using server = await startGrpcJsServer();
    await using caller = startCaller(server.port);
    let received = Buffer.alloc(0);
    let notify = () => {};
    const handler: StreamHandler = {
      onResponse() {},
      onData(stream, data) {
        stream.consume(data.length);
        received = Buffer.concat([received, data]);
        notify();
      },
      onTrailers() {},
      onSent() {},
      onClose: () => notify(),
    };
    const headers = createHeaderBlock([
      [":method", "POST"],
      [":scheme", "http"],
      [":path", "/echo/Stream"],
      [":authority", "127.0.0.1"],
      ...grpcFields,
    ]);
    const stream = await caller.open(headers, handler);
    for (let i = 0; i < 20; i++) {
      const message = frame(Buffer.from(`${i}`));
      received = Buffer.alloc(0);
      stream.write(message);
      while (received.length < message.length && !stream.closed) {
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      }
      assert.deepEqual(received, message);
    }
    stream.reset(8);
    await server.cancelled;
  });
});
