// Back-pressure both ways: neither a caller nor a handler fills the memory.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { edgeLimits, resolveLimits } from "../../../wire/index.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import {
  expectResponse,
  fieldOf,
} from "../../support/raw-http2/expectations.ts";
import { content, firstWord } from "../../support/raw-http2/frame-reader.ts";
import {
  data,
  Code as ErrorCode,
  FrameType,
  rstStream,
  windowUpdate,
} from "../../support/raw-http2/frames.ts";
import { encodeMessage, type RawProtocol } from "../../support/raw-rpc.ts";
import { type Greeter, PATHS, startGreeter } from "./greeter-server.ts";
import { begin, call } from "./raw-calls.ts";

const KIB = 1_024;

describe("a stream of answers that nobody takes", () => {
  /** A greeter that counts for ever, and what it was stopped by. */
  function createEndless(begin: (header: Headers) => void = () => {}) {
    const { promise: stopped, resolve } = Promise.withResolvers<unknown>();
    const greeter: Greeter = {
      async *countdown(_request, { responseHeader }) {
        begin(responseHeader);
        try {
          for (;;) yield { line: "x".repeat(16 * KIB) };
        } catch (reason) {
          resolve(reason);
          throw reason;
        }
      },
    };
    return { greeter, stopped };
  }

  test("is stopped by the reset of its caller, though its handler heeds no signal", async () => {
    const { greeter, stopped } = createEndless();
    await using server = await startGreeter(greeter);
    using client = await connectRaw({ port: server.port });
    begin(client, 1, "gRPC", PATHS.countdown);
    client.send(data(1, encodeMessage("gRPC", "{}"), { endStream: true }));
    await client.frame(
      "an answer is there",
      ({ type }) => type === FrameType.data,
    );
    client.send(rstStream(1, ErrorCode.cancel));
    const reason = await stopped;
    assert.ok(reason instanceof ConnectError);
    assert.equal(reason.code, Code.Canceled);
  });

  test("is stopped if HTTP can't carry its header fields", async () => {
    const { greeter, stopped } = createEndless((header) =>
      header.set("x", "\u0001"),
    );
    await using server = await startGreeter(greeter);
    using client = await connectRaw({ port: server.port });
    begin(client, 1, "gRPC", PATHS.countdown);
    client.send(data(1, encodeMessage("gRPC", "{}"), { endStream: true }));
    const { blocks } = await expectResponse(client, 1, 200);
    assert.equal(fieldOf(blocks[0] ?? [], "grpc-status"), "13");
    assert.ok((await stopped) instanceof TypeError);
  });
});

describe("back-pressure", () => {
  test("stops a handler whose caller takes nothing, and lets it go on when it does", async () => {
    const total = 20;
    let made = 0;
    await using server = await startGreeter({
      hello: ({ name }) => ({ greeting: name }),
      async *countdown() {
        for (; made < total; made++) yield { line: "x".repeat(16 * KIB) };
      },
    });
    using client = await connectRaw({ port: server.port });
    begin(client, 1, "gRPC", PATHS.countdown);
    client.send(data(1, encodeMessage("gRPC", "{}"), { endStream: true }));
    const received = () =>
      client.frames
        .filter(
          ({ type, streamId }) => type === FrameType.data && streamId === 1,
        )
        .reduce((bytes, frame) => bytes + content(frame).length, 0);
    // The window that a stream begins with.
    await client.until("the window is full", () =>
      received() === 65_535 ? true : undefined,
    );
    // Another call's answer needs the connection's window as well.
    client.send(windowUpdate(0, 1 << 20));
    call(client, 3);
    await expectResponse(client, 3, 200);
    // Three and a bit fit into the window; one more has begun.
    assert.ok(made <= 5, `it has made ${made} messages`);
    client.send(windowUpdate(1, 1 << 20));
    await expectResponse(client, 1, 200);
    assert.equal(made, total);
  });

  test("lets a caller send no more than its handler takes, and on when it takes it", async () => {
    const windowBytes = 64 * KIB;
    const { promise: go, resolve: onGo } = Promise.withResolvers<void>();
    let taken = 0;
    await using server = await startGreeter(
      {
        hello: ({ name }) => ({ greeting: name }),
        async helloAll(requests) {
          await go;
          for await (const { name } of requests) taken += name.length;
          return { greeting: String(taken) };
        },
      },
      {
        limits: resolveLimits(edgeLimits, {
          streamWindowBytes: windowBytes,
          connectionWindowBytes: 1 << 20,
        }),
      },
    );
    using client = await connectRaw({ port: server.port });
    begin(client, 1, "gRPC", PATHS.helloAll);
    const name = "x".repeat(8 * KIB - 5 - JSON.stringify({ name: "" }).length);
    const message = encodeMessage("gRPC", JSON.stringify({ name }));
    assert.equal(message.length, 8 * KIB);
    for (let i = 0; i < 8; i++) client.send(data(1, message));
    const credit = () =>
      client.frames
        .filter(
          ({ type, streamId }) =>
            type === FrameType.windowUpdate && streamId === 1,
        )
        .reduce((bytes, frame) => bytes + firstWord(frame), 0);
    call(client, 3);
    await expectResponse(client, 3, 200);
    const before = credit();
    assert.ok(before < windowBytes / 2, `${before} bytes of credit`);
    onGo();
    await client.until("there is credit", () =>
      credit() - before >= windowBytes / 2 ? true : undefined,
    );
    client.send(data(1, message, { endStream: true }));
    const { body } = await expectResponse(client, 1, 200);
    assert.match(body.toString(), new RegExp(`${9 * name.length}`));
  });

  const unwanted: {
    what: string;
    protocol: RawProtocol;
    path: string;
    status: number;
  }[] = [
    {
      ...{ what: "that is too large", protocol: "Connect unary" },
      ...{ path: PATHS.hello, status: 429 },
    },
    {
      ...{ what: "that its handler doesn't read", protocol: "gRPC" },
      ...{ path: PATHS.helloAll, status: 200 },
    },
  ];
  for (const { what, protocol, path, status } of unwanted) {
    test(`is none for a body ${what}: it is dropped, and the connection lives`, async () => {
      await using server = await startGreeter(
        {
          hello: ({ name }) => ({ greeting: name }),
          helloAll: async () => ({ greeting: "whoever you are" }),
        },
        { readMaxBytes: 10 },
      );
      using client = await connectRaw({ port: server.port });
      begin(client, 1, protocol, path);
      const piece = Buffer.alloc(16 * KIB, " ");
      client.send(data(1, piece));
      await expectResponse(client, 1, status);
      // More than the stream's window, as the credit comes.
      const { streamWindowBytes } = edgeLimits;
      let sent = piece.length;
      const credit = () =>
        client.frames
          .filter(
            ({ type, streamId }) =>
              type === FrameType.windowUpdate && streamId === 1,
          )
          .reduce(
            (bytes, frame) => bytes + firstWord(frame),
            streamWindowBytes,
          );
      while (sent < 2 * streamWindowBytes) {
        await client.until("there is credit", () =>
          credit() - sent >= piece.length ? true : undefined,
        );
        client.send(data(1, piece));
        sent += piece.length;
      }
      client.send(data(1, "", { endStream: true }));
      call(client, 3, "{}");
      await expectResponse(client, 3, 200);
    });
  }
});
