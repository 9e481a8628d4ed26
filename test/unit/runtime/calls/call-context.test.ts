// Tests runtime/calls/call-context.ts where the whole of a call shows too
// little: clocks that are set.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { GreeterService } from "../../../../gen/greeter/v1/greeter_pb.ts";
import { CallContext } from "../../../../runtime/calls/call-context.ts";
import { Deadline } from "../../../../runtime/calls/deadline.ts";
import { protocolOf } from "../../../../runtime/calls/protocols.ts";
import { createHeaderBlock } from "../../../../wire/index.ts";

function createContext(timeoutMs: number): CallContext {
  return new CallContext({
    method: GreeterService.method.hello,
    protocol: protocolOf("application/grpc") ?? assert.fail(),
    headers: createHeaderBlock([[":path", "/"]]),
    deadline: new Deadline(timeoutMs),
    compression: undefined,
    shutdownSignal: undefined,
  });
}

for (const [name, change] of [
  ["back", -3_600_000],
  ["forward", 3_600_000],
] as const) {
  test(`a deadline is kept when the clock is set ${name}`, async (t) => {
    const context = createContext(40);
    const { signal } = context;
    const now = Date.now;
    t.mock.method(Date, "now", () => now() + change);
    assert.ok((context.timeoutMs() ?? 0) <= 40);
    assert.equal(signal.aborted, false);
    await once(signal, "abort");
    assert.ok(signal.reason instanceof ConnectError);
    assert.equal(signal.reason.code, Code.DeadlineExceeded);
  });
}

test("a deadline that has passed aborts a signal that is asked for late", () => {
  const { signal } = createContext(-1);
  assert.equal(signal.reason.code, Code.DeadlineExceeded);
});
