// @grpc/grpc-js as client of our server: what most foreign gRPC clients written
// for Node use.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, test } from "node:test";
import { Client, credentials, Metadata, status } from "@grpc/grpc-js";
import {
  createHeaderBlock,
  createServerConnection,
  type Stream,
} from "../../../wire/index.ts";

/** Only what hangs takes so long, in milliseconds. */
const timeout = 60_000;

const LARGE_BYTES = 2_000_000;
const same = (message: Buffer) => message;

const okHeaders = createHeaderBlock([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
const okTrailers = createHeaderBlock([["grpc-status", "0"]]);

/** Sends back each byte; framing included, that is an echo of messages. */
async function startGrpcEcho() {
  const sockets = new Set<Socket>();
  const codes: number[] = [];
  const closed = Promise.withResolvers<number>();
  const server = createServer((socket) => {
    sockets.add(socket);
    createServerConnection(socket, {
      onRequest(stream, headers) {
        stream.handler = {
          onData(_, data, endStream) {
            stream.consume(data.length);
            stream.write(data);
            // A cancel begins with an end, which must not be taken for all.
            if (endStream && headers.path !== "/echo/Endless")
              stream.end(okTrailers);
          },
          onTrailers() {},
          onSent() {},
          onClose(_, code) {
            codes.push(code);
            closed.resolve(code);
          },
        };
        if (headers.path === "/echo/Fail") fail(stream);
        else stream.respond(okHeaders);
      },
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    codes,
    /** The code of the first stream that is closed. */
    closed: closed.promise,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** An answer that is nothing but trailers. */
function fail(stream: Pick<Stream, "respond">): void {
  const headers = createHeaderBlock([
    [":status", "200"],
    ["content-type", "application/grpc"],
    ["grpc-status", "5"],
    ["grpc-message", "not here"],
  ]);
  stream.respond(headers, true);
}

function connectGrpcJs(address: string): Client & Disposable {
  const client = new Client(address, credentials.createInsecure(), {
    // A pool shared with other tests would keep connections alive.
    "grpc.use_local_subchannel_pool": 1,
  });
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

function unary(client: Client, method: string, message: Buffer) {
  return new Promise<Buffer>((resolve, reject) => {
    const metadata = new Metadata();
    metadata.set("x-data-bin", Buffer.from([0, 255, 10]));
    const path = `/echo/${method}`;
    client.makeUnaryRequest(path, same, same, message, metadata, (error, it) =>
      error ? reject(error) : resolve(it ?? Buffer.alloc(0)),
    );
  });
}

describe("a client of grpc-js gets from our server", { timeout }, () => {
  const table: [name: string, bytes: number][] = [
    ["an empty message", 0],
    ["a small message", 100],
    ["a large message", LARGE_BYTES],
  ];
  for (const [name, bytes] of table) {
    test(name, async () => {
      await using server = await startGrpcEcho();
      using client = connectGrpcJs(server.address);
      const message = Buffer.alloc(bytes, "x");
      assert.deepEqual(await unary(client, "Unary", message), message);
    });
  }

  test("many answers at once", async () => {
    await using server = await startGrpcEcho();
    using client = connectGrpcJs(server.address);
    const messages = Array.from({ length: 300 }, (_, i) =>
      Buffer.alloc(i, `${i}`),
    );
    const answers = messages.map((message) => unary(client, "Unary", message));
    assert.deepEqual(await Promise.all(answers), messages);
    assert.deepEqual(new Set(server.codes), new Set([0]));
  });

  test("an error in trailers alone", async () => {
    await using server = await startGrpcEcho();
    using client = connectGrpcJs(server.address);
    await assert.rejects(unary(client, "Fail", Buffer.alloc(3)), {
      code: status.NOT_FOUND,
      details: "not here",
    });
  });

  test("a stream of a thousand small messages", async () => {
    await using server = await startGrpcEcho();
    using client = connectGrpcJs(server.address);
    const call = client.makeBidiStreamRequest("/echo/Stream", same, same);
    const received: string[] = [];
    call.on("data", (message: Buffer) => received.push(message.toString()));
    const sent = Array.from({ length: 1_000 }, (_, i) => `${i}`);
    for (const message of sent) call.write(Buffer.from(message));
    call.end();
    const [{ code }] = await once(call, "status");
    assert.equal(code, status.OK);
    assert.deepEqual(received, sent);
  });

  test("messages one by one, and a cancel", async () => {
    await using server = await startGrpcEcho();
    using client = connectGrpcJs(server.address);
    const call = client.makeBidiStreamRequest("/echo/Endless", same, same);
    call.on("error", () => {});
    for (let i = 0; i < 20; i++) {
      call.write(Buffer.from(`${i}`));
      const [message] = await once(call, "data");
      assert.equal(String(message), `${i}`);
    }
    call.cancel();
    assert.equal(await server.closed, 8);
  });
});
