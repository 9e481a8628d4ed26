// Streams as an instance sees them: how fast they go, and how they end.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { ChatResponseSchema } from "../../../../gen/greeter/v1/greeter_pb.ts";
import { createHeaderBlock, ErrorCode } from "../../../../wire/index.ts";
import type { Recorder } from "../../gateway/recorder.ts";
import { rejectsWith } from "./mesh.ts";
import { envelope, startScripted } from "./scripted.ts";
import { open } from "./scripted-mesh.ts";

const head = createHeaderBlock([
  [":status", "200"],
  ["content-type", "application/grpc+proto"],
]);
const ok = createHeaderBlock([["grpc-status", "0"]]);

/** Send one message. */
function say(call: Recorder, line: string): boolean {
  const schema = ChatResponseSchema;
  call.stream.respond(head);
  return call.stream.write(
    envelope(toBinary(schema, create(schema, { line }))),
  );
}

/** Lines that a test hands in one by one. */
function createLines() {
  const waiting: { line: string }[] = [];
  let wake = () => {};
  let ended = false;
  const lines = {
    returned: false,
    push(line: string) {
      waiting.push({ line });
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async *read() {
      try {
        for (;;) {
          const next = waiting.shift();
          if (next !== undefined) yield next;
          else if (ended) return;
          else
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        }
      } finally {
        lines.returned = true;
      }
    },
  };
  return lines;
}

/** Lines without an end, of 16 KiB, counted. */
function createFlood() {
  const flood = {
    taken: 0,
    async *read() {
      for (;;) {
        flood.taken++;
        yield { line: "x".repeat(16 << 10) };
      }
    },
  };
  return flood;
}

/** Resolves after what is under way now, in either direction, has arrived. */
function settled(one: {
  connections: readonly { ping(f: () => void): void }[];
}) {
  return new Promise<void>((resolve) =>
    one.connections[0]?.ping(() => resolve()),
  );
}

describe("a stream", { timeout: 30_000 }, () => {
  test("carries messages both ways as they come", async () => {
    await using one = await startScripted();
    await using mesh = open([one.address]);
    const lines = createLines();
    const answers = mesh.client.chat(lines.read())[Symbol.asyncIterator]();
    lines.push("a");
    const first = answers.next();
    const call = await one.call(0);
    await call.until(() => call.bytes === 8);
    say(call, "1");
    assert.equal((await first).value?.line, "1");
    lines.push("b");
    await call.until(() => call.bytes === 16);
    lines.end();
    await call.until(() => call.ended);
    say(call, "2");
    assert.equal((await answers.next()).value?.line, "2");
    call.stream.end(ok);
    assert.equal((await answers.next()).done, true);
    assert.deepEqual(await call.closed(), { code: 0, by: "end" });
  });

  test("waits for an instance that does not read", async () => {
    await using one = await startScripted({
      onCall: (call) => call.stopConsuming(),
    });
    await using mesh = open([one.address]);
    const flood = createFlood();
    const caller = new AbortController();
    const answers = mesh.client.chat(flood.read(), { signal: caller.signal });
    const next = answers[Symbol.asyncIterator]().next();
    const call = await one.call(0);
    const windowBytes = one.connections[0]?.limits.streamWindowBytes ?? 0;
    await call.until(() => call.bytes === windowBytes);
    const most = windowBytes / (16 << 10) + 2;
    for (let i = 0; i < 3; i++) await settled(one);
    assert.ok(flood.taken <= most, `${flood.taken} > ${most}`);
    call.consumeAll();
    await call.until(() => call.bytes > 2 * windowBytes);
    caller.abort();
    await assert.rejects(next, rejectsWith(Code.Canceled, /./));
    const end = await call.closed();
    assert.deepEqual(end, { code: ErrorCode.cancel, by: "peer" });
  });

  test("lets an instance wait for a caller that does not read", async () => {
    await using one = await startScripted();
    await using mesh = open([one.address]);
    const lines = mesh.client.countdown({ from: 3 })[Symbol.asyncIterator]();
    const first = lines.next();
    const call = await one.call(0);
    const line = "y".repeat(16 << 10);
    while (say(call, line));
    assert.equal((await first).value?.line, line);
    for (let i = 0; i < 3; i++) await settled(one);
    // More than a few windows never leaves.
    for (let i = 0; i < 100; i++) say(call, line);
    for (let i = 0; i < 3; i++) await settled(one);
    const { queuedBytes = 0 } = call.stream;
    assert.ok(queuedBytes > 50 * line.length, String(queuedBytes));
    call.stream.end(ok);
    let count = 1;
    while (!(await lines.next()).done) count++;
    assert.ok(count > 100);
  });

  test("ends its request when the instance has said all", async () => {
    await using one = await startScripted();
    await using mesh = open([one.address]);
    const lines = createLines();
    const answers = mesh.client.chat(lines.read())[Symbol.asyncIterator]();
    lines.push("a");
    const first = answers.next();
    const call = await one.call(0);
    say(call, "1");
    call.stream.end(ok);
    assert.equal((await first).value?.line, "1");
    assert.equal((await answers.next()).done, true);
    const end = await call.closed();
    assert.deepEqual(end, { code: ErrorCode.noError, by: "peer" });
  });

  test("gives what came before an error, and then the error", async () => {
    await using one = await startScripted();
    await using mesh = open([one.address]);
    const lines = mesh.client.countdown({ from: 3 })[Symbol.asyncIterator]();
    const first = lines.next();
    const call = await one.call(0);
    for (const line of ["1", "2", "3"]) say(call, line);
    call.stream.reset(ErrorCode.internalError);
    assert.equal((await first).value?.line, "1");
    assert.equal((await lines.next()).value?.line, "2");
    assert.equal((await lines.next()).value?.line, "3");
    await assert.rejects(lines.next(), rejectsWith(Code.Internal, /reset/));
  });

  test("tells the instance when the caller's messages fail", async () => {
    await using one = await startScripted();
    await using mesh = open([one.address]);
    async function* failing() {
      yield { name: "a" };
      throw new Error("no more");
    }
    const call = mesh.client.helloAll(failing());
    await assert.rejects(call, rejectsWith(Code.Internal, /no more/));
    const end = await (await one.call(0)).closed();
    assert.deepEqual(end, { code: ErrorCode.cancel, by: "peer" });
  });

  test("ends on the wire when its answer is wrong", async () => {
    await using one = await startScripted();
    await using mesh = open([one.address], { readMaxBytes: 10 });
    const lines = mesh.client.countdown({ from: 3 })[Symbol.asyncIterator]();
    const first = lines.next();
    const call = await one.call(0);
    say(call, "more than ten bytes");
    await assert.rejects(first, rejectsWith(Code.ResourceExhausted, /10$/));
    const end = await call.closed();
    assert.deepEqual(end, { code: ErrorCode.cancel, by: "peer" });
  });

  test("ends on the wire when its time is over", async () => {
    await using one = await startScripted();
    await using mesh = open([one.address]);
    const lines = mesh.client.countdown({ from: 3 }, { timeoutMs: 50 });
    await assert.rejects(
      lines[Symbol.asyncIterator]().next(),
      rejectsWith(Code.DeadlineExceeded, /./),
    );
    const end = await (await one.call(0)).closed();
    assert.deepEqual(end, { code: ErrorCode.cancel, by: "peer" });
  });

  test("is unavailable when the transport is closed", async () => {
    await using one = await startScripted();
    await using mesh = open([one.address]);
    const lines = mesh.client.countdown({ from: 3 })[Symbol.asyncIterator]();
    const first = lines.next();
    say(await one.call(0), "1");
    await first;
    const next = lines.next();
    await mesh.transport.close();
    await assert.rejects(next, rejectsWith(Code.Unavailable, /closed/));
  });
});
