// One log line per call, in each protocol: unary calls, errors, streams, and
// callers who hang up.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { HelloRequestSchema } from "../../../../gen/greeter/v1/greeter_pb.ts";
import { callers, setUp, UUID } from "./logging-support.ts";
import { collect, failureOf } from "./support.ts";

/** What is left of a line without the fields that pino adds. */
function fieldsOf(line: Readonly<Record<string, unknown>>) {
  const { pid, hostname, time, ...fields } = line;
  return fields;
}

for (const caller of callers) {
  const { protocol, httpVersion } = caller;
  const over = `over ${protocol} and HTTP/${httpVersion}`;

  test(`A unary call is logged once, with the caller's id, ${over}.`, async () => {
    let nowMs = 0;
    let seen: string | null = null;
    await using it = await setUp(
      {
        hello(_request, { requestHeader }) {
          nowMs += 12.3456;
          seen = requestHeader.get("x-request-id");
          return { greeting: "secret-greeting" };
        },
      },
      { caller, now: () => nowMs },
    );
    let answered: string | null = null;
    await it.client.hello(
      { name: "secret-name" },
      {
        headers: { "x-request-id": "abc-1", authorization: "secret-header" },
        onHeader: (header) => {
          answered = header.get("x-request-id");
        },
      },
    );
    assert.deepEqual(fieldsOf(await it.log.next()), {
      level: "info",
      callId: "abc-1",
      method: "greeter.v1.GreeterService/Hello",
      protocol,
      code: "ok",
      durationMs: 12.35,
      msg: "call",
    });
    assert.equal(seen, "abc-1");
    assert.equal(answered, "abc-1");
    assert.equal(it.log.text.length, 1);
    assert.doesNotMatch(it.log.text.join(), /secret/);
  });

  test(`An error keeps its code, details and headers, and carries the call's id, ${over}.`, async () => {
    // One and the same error for all calls, as some people write it.
    const shared = new ConnectError(
      "not today",
      Code.FailedPrecondition,
      { "x-reason": "closed" },
      [{ desc: HelloRequestSchema, value: { name: "detail" } }],
    );
    await using it = await setUp(
      {
        hello() {
          throw shared;
        },
      },
      { caller },
    );
    const calls = ["id-1", "id-2"].map((id) =>
      failureOf(it.client.hello({}, { headers: { "x-request-id": id } })),
    );
    const failures = await Promise.all(calls);
    for (const [index, failure] of failures.entries()) {
      assert.equal(failure.code, Code.FailedPrecondition);
      assert.equal(failure.rawMessage, "not today");
      assert.equal(failure.metadata.get("x-reason"), "closed");
      assert.equal(failure.metadata.get("x-request-id"), `id-${index + 1}`);
      const [detail] = failure.findDetails(HelloRequestSchema);
      assert.equal(detail?.name, "detail");
      const line = await it.log.next();
      assert.equal(line["level"], "info");
      assert.equal(line["code"], "failed_precondition");
      assert.equal(line["error"], "not today");
      assert.equal(line["stack"], undefined);
    }
    assert.equal(shared.metadata.get("x-request-id"), null);
  });

  test(`A stream is logged once, when its last message was taken, ${over}.`, async () => {
    let nowMs = 0;
    await using it = await setUp(
      {
        async *countdown() {
          nowMs += 10;
          yield { line: "secret-1" };
          assert.equal(it.log.text.length, 0);
          nowMs += 10;
          yield { line: "secret-2" };
        },
      },
      { caller, now: () => nowMs },
    );
    let answered: string | null = null;
    const messages = await collect(
      it.client.countdown(
        {},
        {
          onHeader: (header) => {
            answered = header.get("x-request-id");
          },
        },
      ),
    );
    assert.equal(messages.length, 2);
    const { callId, ...line } = fieldsOf(await it.log.next());
    assert.match(String(callId), UUID);
    assert.equal(answered, callId);
    assert.deepEqual(line, {
      level: "info",
      method: "greeter.v1.GreeterService/Countdown",
      protocol,
      code: "ok",
      durationMs: 20,
      msg: "call",
    });
    assert.equal(it.log.text.length, 1);
    assert.doesNotMatch(it.log.text.join(), /secret/);
  });

  test(`A stream that breaks in the middle is logged with its code, ${over}.`, async () => {
    await using it = await setUp(
      {
        async *countdown() {
          yield { line: "1" };
          throw new ConnectError("lost it", Code.DataLoss);
        },
      },
      { caller },
    );
    const stream = it.client.countdown(
      {},
      { headers: { "x-request-id": "abc-2" } },
    );
    const failure = await failureOf(collect(stream));
    assert.equal(failure.code, Code.DataLoss);
    const line = await it.log.next();
    assert.equal(line["level"], "error");
    assert.equal(line["callId"], "abc-2");
    assert.equal(line["code"], "data_loss");
    assert.equal(line["error"], "lost it");
    assert.match(
      String(line["stack"]),
      /lost it\n +at .*logging-protocols\.test\.ts/,
    );
  });

  test(`A stream that the caller abandons is logged as canceled, even if its handler hangs, ${over}.`, async () => {
    const { promise: never, resolve: release } = Promise.withResolvers<void>();
    await using it = await setUp(
      {
        async *countdown() {
          yield { line: "1" };
          await never; // deaf to its signal
        },
      },
      { caller },
    );
    const hangUp = new AbortController();
    const stream = it.client.countdown({}, { signal: hangUp.signal });
    await failureOf(
      (async () => {
        for await (const _ of stream) hangUp.abort();
      })(),
    );
    const line = await it.log.next();
    assert.equal(line["level"], "info");
    assert.equal(line["code"], "canceled");
    assert.equal(line["error"], "the caller went away");
    release();
    assert.equal(it.log.text.length, 1);
  });
}
