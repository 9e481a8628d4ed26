// Callers who go away, and callers who would have more work done than they may.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { edgeLimits, resolveLimits } from "../../../wire/index.ts";
import { startRequest } from "../../support/raw-http.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import { expectReset } from "../../support/raw-http2/expectations.ts";
import {
  data,
  Code as ErrorCode,
  rstStream,
} from "../../support/raw-http2/frames.ts";
import { encodeMessage, headersOf } from "../../support/raw-rpc.ts";
import { type Greeter, PATHS, startGreeter } from "./greeter-server.ts";
import { begin, call } from "./raw-calls.ts";

/** A greeter whose Hello waits for the test, and what its signals said. */
function createHanging() {
  const calls: { signal: AbortSignal; finish: () => void }[] = [];
  const greeter: Greeter = {
    async hello(_request, { signal }) {
      const { promise, resolve } = Promise.withResolvers<void>();
      calls.push({ signal, finish: resolve });
      for (const check of waiting) check();
      await promise;
      return { greeting: "late" };
    },
  };
  const waiting = new Set<() => void>();
  return {
    ...{ greeter, calls },
    /** The how manieth call, once it has begun. */
    begun: (index: number) =>
      new Promise<(typeof calls)[number]>((resolve) => {
        const check = () => {
          const found = calls[index];
          if (found !== undefined) resolve(found);
        };
        waiting.add(check);
        check();
      }),
  };
}

/** Why a signal aborts. */
async function reasonOf(signal: AbortSignal): Promise<ConnectError> {
  if (!signal.aborted) await once(signal, "abort");
  assert.ok(signal.reason instanceof ConnectError);
  return signal.reason;
}

describe("the signal of a call", () => {
  const resets = [
    { reset: "CANCEL", code: ErrorCode.cancel, expected: Code.Canceled },
    { reset: "NO_ERROR", code: ErrorCode.noError, expected: Code.Canceled },
    {
      ...{ reset: "REFUSED_STREAM", code: ErrorCode.refusedStream },
      expected: Code.Unavailable,
    },
    {
      ...{ reset: "ENHANCE_YOUR_CALM", code: ErrorCode.enhanceYourCalm },
      expected: Code.ResourceExhausted,
    },
    {
      ...{ reset: "PROTOCOL_ERROR", code: ErrorCode.protocolError },
      expected: Code.Internal,
    },
  ];
  for (const { reset, code, expected } of resets) {
    test(`aborts with ${Code[expected]} when its caller resets the stream with ${reset}`, async () => {
      const { greeter, begun } = createHanging();
      await using server = await startGreeter(greeter);
      using client = await connectRaw({ port: server.port });
      call(client, 1);
      const { signal, finish } = await begun(0);
      client.send(rstStream(1, code));
      assert.equal((await reasonOf(signal)).code, expected);
      finish();
    });
  }

  test("aborts with Canceled when an HTTP/2 connection is lost", async () => {
    const { greeter, begun } = createHanging();
    await using server = await startGreeter(greeter);
    using client = await connectRaw({ port: server.port });
    call(client, 1);
    const { signal, finish } = await begun(0);
    client.socket.resetAndDestroy();
    assert.equal((await reasonOf(signal)).code, Code.Canceled);
    finish();
  });

  test("aborts with Canceled when an HTTP/1.1 caller hangs up", async () => {
    const { greeter, begun } = createHanging();
    await using server = await startGreeter(greeter);
    const request = startRequest({
      ...{ version: "HTTP/1.1", url: server.url, path: PATHS.hello },
      headers: headersOf("Connect unary"),
    });
    request.body.end('{"name":"john"}');
    const { signal, finish } = await begun(0);
    request.body.destroy();
    await assert.rejects(request.response);
    assert.equal((await reasonOf(signal)).code, Code.Canceled);
    finish();
  });

  test("aborts, and its messages fail, when a stream is reset while its handler reads", async () => {
    const { promise: failed, resolve } = Promise.withResolvers<unknown>();
    const { promise: reading, resolve: onFirst } =
      Promise.withResolvers<void>();
    await using server = await startGreeter({
      async helloAll(requests) {
        try {
          for await (const _ of requests) onFirst();
        } catch (reason) {
          resolve(reason);
        }
        return {};
      },
    });
    using client = await connectRaw({ port: server.port });
    begin(client, 1, "gRPC", PATHS.helloAll);
    client.send(data(1, encodeMessage("gRPC", "{}")));
    await reading;
    client.send(rstStream(1, ErrorCode.cancel));
    const reason = await failed;
    assert.ok(reason instanceof ConnectError);
    assert.equal(reason.code, Code.Canceled);
  });
});

test("A caller who resets its calls can't start more of them than one who waits.", async () => {
  const { greeter, calls, begun } = createHanging();
  await using server = await startGreeter(greeter, {
    limits: resolveLimits(edgeLimits, { maxConcurrentStreams: 2 }),
  });
  using client = await connectRaw({ port: server.port });
  call(client, 1);
  call(client, 3);
  const [first] = [await begun(0), await begun(1)];
  client.send(rstStream(1, ErrorCode.cancel));
  client.send(rstStream(3, ErrorCode.cancel));
  call(client, 5);
  await expectReset(client, 5, ErrorCode.refusedStream);
  assert.equal(calls.length, 2);
  // One of the two has really ended now.
  first.finish();
  await reasonOf(first.signal);
  await new Promise(setImmediate);
  call(client, 7);
  await begun(2);
  for (const { finish } of calls) finish();
});
