// The short way of a unary gRPC call and Connect's own: what an instance sees must
// be the same, whatever the caller wants.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type CallOptions, Code, ConnectError } from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import { usual } from "./answers.ts";
import { answer, startScripted } from "./scripted.ts";
import { createWays, type Options, outcomeOf } from "./ways.ts";

const requests: Record<string, { options?: Options; call?: CallOptions }> = {
  "as usual": {},
  "with headers": {
    call: { headers: { "X-Own": "1", "user-agent": "me", te: "gzip" } },
  },
  "with headers that repeat": {
    call: {
      headers: [
        ["x-own", "1"],
        ["x-own", "2"],
      ],
    },
  },
  "with a deadline": { call: { timeoutMs: 20_000 } },
  "with a deadline by default": { options: { defaultTimeoutMs: 20_000 } },
  "without the deadline that is the default": {
    options: { defaultTimeoutMs: 20_000 },
    call: { timeoutMs: 0 },
  },
  "with a deadline and headers": {
    call: { timeoutMs: 20_000, headers: { "x-own": "1" } },
  },
  "with a deadline, and a header that says another": {
    call: { timeoutMs: 20_000, headers: { "grpc-timeout": "7S" } },
  },
  "with a header for a deadline": {
    call: { headers: { "grpc-timeout": "7S" } },
  },
  "with a signal": { call: { signal: new AbortController().signal } },
  "as JSON": { options: { useBinaryFormat: false } },
  "with a compression, but too short": {
    options: { sendCompression: compressionGzip },
  },
  compressed: {
    options: { sendCompression: compressionGzip, compressMinBytes: 1 },
  },
};

describe("both ways of a unary call", { timeout: 30_000 }, () => {
  for (const [name, { options = {}, call = {} }] of Object.entries(requests)) {
    test(`send the same ${name}`, async () => {
      await using scripted = await startScripted({
        onCall: (received) => void answer(received, usual),
      });
      await using made = createWays(scripted.address, options);
      const { short, long, connect } = made.ways;
      for (const transport of [connect, long, short, short])
        await outcomeOf(transport, call);
      const seen = scripted.calls.map(({ headers, body }) => ({
        // How much time is left, the clock decides.
        fields: headers.fields
          .map((f) =>
            `${f.name}: ${f.value}`.replace(/ 1?\d{4}m$| 20000m$/, ""),
          )
          .sort(),
        body: Buffer.concat(body).toString("hex"),
      }));
      const [expected, ...others] = seen;
      assert.equal(others.length, 3);
      for (const other of others) assert.deepEqual(other, expected);
    });
  }

  const wrong: Record<string, { options?: Options; call?: CallOptions }> = {
    "a message that is too long to send": { options: { writeMaxBytes: 3 } },
    "a header that HTTP/2 forbids": { call: { headers: { connection: "x" } } },
    "a signal that was aborted": { call: { signal: AbortSignal.abort() } },
    "a signal that was aborted for a reason": {
      call: {
        signal: AbortSignal.abort(new ConnectError("why", Code.DataLoss)),
      },
    },
  };
  for (const [name, { options = {}, call = {} }] of Object.entries(wrong)) {
    test(`refuse ${name} alike`, async () => {
      await using scripted = await startScripted();
      await using made = createWays(scripted.address, options);
      const { short, long, connect } = made.ways;
      const expected = await outcomeOf(connect, call);
      assert.ok(expected["code"]);
      const inWords = !("headers" in call);
      for (const transport of [long, short]) {
        const outcome = await outcomeOf(transport, call);
        if (!inWords) outcome["text"] = expected["text"];
        assert.deepEqual(outcome, expected);
      }
      assert.deepEqual(scripted.calls, []);
    });
  }
});
