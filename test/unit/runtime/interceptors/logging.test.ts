// What a log line says, and what it never says, through a real server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { Health } from "../../../../gen/grpc/health/v1/health_pb.ts";
import { UserService } from "../../../../gen/user/v1/user_pb.ts";
import { callers, setUp, UUID } from "./logging-support.ts";
import { collect, failureOf } from "./support.ts";

test("Client streaming and bidirectional calls are logged once, when they have ended.", async () => {
  await using it = await setUp(
    {
      async helloAll(requests) {
        return { count: (await collect(requests)).length };
      },
      async *chat(requests) {
        for await (const { line } of requests) yield { line };
      },
    },
    { caller: callers[2] },
  );
  async function* names() {
    yield { name: "ann" };
    yield { name: "bob" };
  }
  assert.equal((await it.client.helloAll(names())).count, 2);
  assert.equal((await it.log.next())["code"], "ok");
  async function* lines() {
    yield { line: "one" };
    yield { line: "two" };
  }
  assert.equal((await collect(it.client.chat(lines()))).length, 2);
  const line = await it.log.next();
  assert.equal(line["method"], "greeter.v1.GreeterService/Chat");
  assert.equal(line["code"], "ok");
  assert.equal(it.log.text.length, 2);
});

test("An error that is not for the caller is logged with its stack and its cause, and hidden from the caller.", async () => {
  await using it = await setUp({
    hello() {
      throw new TypeError("a defect", { cause: new Error("the reason") });
    },
  });
  const failure = await failureOf(
    it.client.hello({}, { headers: { "x-request-id": "abc-3" } }),
  );
  assert.equal(failure.code, Code.Internal);
  assert.equal(failure.rawMessage, "internal error");
  assert.equal(failure.metadata.get("x-request-id"), "abc-3");
  const line = await it.log.next();
  assert.equal(line["level"], "error");
  assert.equal(line["code"], "internal");
  assert.equal(line["error"], "a defect");
  assert.match(String(line["stack"]), /^TypeError: a defect\n +at /);
  assert.match(String(line["stack"]), /caused by: Error: the reason\n +at /);
});

const levels: [Code, string][] = [
  [Code.Canceled, "info"],
  [Code.Unknown, "error"],
  [Code.InvalidArgument, "info"],
  [Code.DeadlineExceeded, "warn"],
  [Code.NotFound, "info"],
  [Code.AlreadyExists, "info"],
  [Code.PermissionDenied, "info"],
  [Code.ResourceExhausted, "warn"],
  [Code.FailedPrecondition, "info"],
  [Code.Aborted, "info"],
  [Code.OutOfRange, "info"],
  [Code.Unimplemented, "info"],
  [Code.Internal, "error"],
  [Code.Unavailable, "warn"],
  [Code.DataLoss, "error"],
  [Code.Unauthenticated, "info"],
];

test("The level of a line follows the code, and its code has Connect's name.", async () => {
  let code = Code.Unknown;
  await using it = await setUp({
    hello() {
      throw new ConnectError("as asked", code);
    },
  });
  for (const [next, level] of levels) {
    code = next;
    const failure = await failureOf(it.client.hello({}));
    const line = await it.log.next();
    assert.equal(line["level"], level, Code[next]);
    // ConnectError writes the name of its code in front of its message.
    assert.equal(failure.message, `[${line["code"]}] as asked`);
  }
});

test("A call that outlives its deadline is logged as deadline_exceeded.", async () => {
  await using it = await setUp({
    async hello(_request, { signal }) {
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => reject(signal.reason));
      return promise;
    },
  });
  // Only the server is told of the deadline, so the client can't be first.
  const headers = { "connect-timeout-ms": "20" };
  const failure = await failureOf(it.client.hello({}, { headers }));
  assert.equal(failure.code, Code.DeadlineExceeded);
  const line = await it.log.next();
  assert.equal(line["code"], "deadline_exceeded");
  assert.equal(line["level"], "warn");
});

test("A call that comes too late is logged as deadline_exceeded, whatever its handler says.", async () => {
  await using it = await setUp({
    hello() {
      throw new Error("gave up");
    },
  });
  const headers = { "connect-timeout-ms": "0" };
  await failureOf(it.client.hello({}, { headers }));
  assert.equal((await it.log.next())["code"], "deadline_exceeded");
});

test("An error that came from another service is passed on without that one's headers.", async () => {
  await using it = await setUp({
    async hello({ name }) {
      if (name !== "inner") return it.client.hello({ name: "inner" });
      const metadata = { "x-reason": "closed" };
      throw new ConnectError("not today", Code.Unavailable, metadata);
    },
  });
  const headers = { "x-request-id": "outer" };
  const failure = await failureOf(it.client.hello({}, { headers }));
  assert.equal(failure.code, Code.Unavailable);
  assert.equal(failure.rawMessage, "not today");
  assert.equal(failure.metadata.get("x-reason"), null);
  assert.equal(failure.metadata.get("x-request-id"), "outer");
  assert.notEqual((await it.log.next())["callId"], "outer");
  assert.equal((await it.log.next())["callId"], "outer");
});

const ids: [given: string, kept: boolean][] = [
  ["0f8fad5b-d9cb-469f-a165-70867728950e", true],
  ["!~", true],
  ["x".repeat(128), true],
  ["x".repeat(129), false],
  ["two words", false],
  ["umlaut-\u00e4", false],
  ["", false],
];

test("Only a short id of visible characters is taken from the caller.", async () => {
  await using it = await setUp({ hello: () => ({}) });
  for (const [given, kept] of ids) {
    await it.client.hello({}, { headers: { "x-request-id": given } });
    const { callId } = await it.log.next();
    if (kept) assert.equal(callId, given);
    else assert.match(String(callId), UUID, given);
  }
});

test("Health is logged at level debug.", async () => {
  await using it = await setUp({});
  await createClient(Health, it.transport).check({});
  const line = await it.log.next();
  assert.equal(line["level"], "debug");
  assert.equal(line["method"], "grpc.health.v1.Health/Check");
});

test("A password and a token never get into the log.", async () => {
  await using it = await setUp({});
  const users = createClient(UserService, it.transport);
  await users.login({ account: "aoho", password: "secret-password" });
  assert.equal((await it.log.next())["code"], "ok");
  assert.doesNotMatch(it.log.text.join(), /secret/);
});

test("A stream's message that can't be read is not quoted.", async () => {
  await using it = await setUp({
    async helloAll(requests) {
      return { count: (await collect(requests)).length };
    },
  });
  const json = Buffer.from('{"name":{"secret":"secret"}}');
  const envelope = Buffer.alloc(5);
  envelope.writeUInt32BE(json.length, 1);
  const response = await fetch(
    `${it.baseUrl}/greeter.v1.GreeterService/HelloAll`,
    {
      method: "POST",
      headers: { "content-type": "application/connect+json" },
      body: Buffer.concat([envelope, json]),
    },
  );
  assert.match(await response.text(), /invalid_argument/);
  const line = await it.log.next();
  assert.equal(line["code"], "invalid_argument");
  assert.equal(line["error"], "unreadable message");
  assert.doesNotMatch(it.log.text.join(), /secret/);
});
