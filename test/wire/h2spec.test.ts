// Both roles of the engine against h2spec: each of its cases is a subtest. What
// is to fail, and why, is in h2spec-exceptions.ts.
//
// Needs Go, once, to build h2spec; skipped where there is none.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { h2specBinaries } from "../../scripts/h2spec.ts";
import {
  createClientConnection,
  createHeaderBlock,
  createServerConnection,
  type StreamHandler,
} from "../../wire/index.ts";
import type { CaseResult } from "./h2spec/case-result.ts";
import { runClientCases } from "./h2spec/client-cases.ts";
import { runServerCases } from "./h2spec/server-cases.ts";
import {
  CLIENT_EXCEPTIONS,
  type H2specException,
  SERVER_EXCEPTIONS,
} from "./h2spec-exceptions.ts";

// Fewer are no run of all cases: h2spec 2.2.1 has 146 and 57.
const LEAST_SERVER_CASES = 146;
const LEAST_CLIENT_CASES = 57;

// Without Go there is nothing to test with. That it can't be built is wrong.
const found = await h2specBinaries().catch((error: Error) => error);
const binaries = found instanceof Error ? undefined : found;
const skip =
  binaries !== undefined
    ? false
    : found instanceof Error
      ? `h2spec can't be built: ${found.message.split("\n", 1)[0]}`
      : "no Go on PATH, with which to build h2spec";

test("h2spec can be built where Go is", (t) => {
  if (skip === false) return;
  if (process.env["CI"] && found instanceof Error) throw found;
  t.skip(skip);
});

test("our server answers h2spec as RFC 9113 asks", { skip }, async (t) => {
  await using server = await startServer();
  const program = binaries?.h2spec ?? "";
  const results = await runServerCases(program, server.port);
  await reportAll(t, results, SERVER_EXCEPTIONS, LEAST_SERVER_CASES);
});

test("our client answers h2specd as RFC 9113 asks", { skip }, async (t) => {
  const program = binaries?.h2specd ?? "";
  const results = await runClientCases(program, sendRequest);
  await reportAll(t, results, CLIENT_EXCEPTIONS, LEAST_CLIENT_CASES);
});

async function reportAll(
  t: TestContext,
  results: readonly CaseResult[],
  exceptions: readonly H2specException[],
  least: number,
): Promise<void> {
  for (const result of results) {
    const exception = exceptions.find(({ name }) => name === result.name);
    await t.test(result.name, () => check(result, exception));
  }
  await t.test("all cases were run, and no exception is for none", () => {
    assert.ok(results.length >= least, `only ${results.length} cases`);
    const names = new Set(results.map(({ name }) => name));
    const others = exceptions.filter(({ name }) => !names.has(name));
    assert.deepEqual(others, []);
  });
}

function check(result: CaseResult, exception: H2specException | undefined) {
  const { outcome, detail } = result;
  if (exception === undefined) {
    assert.equal(outcome, "passed", `expected, and then what came:\n${detail}`);
  } else {
    assert.notEqual(outcome, "passed", "needs no exception any more");
  }
}

const answer = createHeaderBlock([[":status", "200"]]);
// h2spec opens windows byte by byte: it needs some.
const body = Buffer.alloc(256, "x");

/** Answers every request when it is complete. */
async function startServer() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    createServerConnection(socket, {
      onRequest(stream, _headers, endStream) {
        const respond = () => {
          stream.respond(answer);
          stream.write(body, true);
        };
        stream.handler = {
          ...ignoring,
          onData(_, data, ended) {
            stream.consume(data.length);
            if (ended) respond();
          },
          onTrailers: respond,
        };
        if (endStream) respond();
      },
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

/** Sends one request and takes what comes, until the connection ends. */
function sendRequest(port: number): AsyncDisposable {
  const socket = connect(port, "127.0.0.1");
  const connection = createClientConnection(socket);
  const headers = createHeaderBlock([
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", `127.0.0.1:${port}`],
  ]);
  connection.request(headers, true, ignoring);
  return {
    async [Symbol.asyncDispose]() {
      if (socket.closed) return;
      const closed = once(socket, "close");
      socket.destroy();
      await closed;
    },
  };
}

const ignoring: StreamHandler = {
  onData: (stream, data) => stream.consume(data.length),
  onTrailers() {},
  onSent() {},
  onClose() {},
};
