// The greeter's contract, through Connect in this process.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, createClient, createRouterTransport } from "@connectrpc/connect";
import { GreeterService } from "../../../../gen/greeter/v1/greeter_pb.ts";
import { routes } from "../../../../services/greeter/routes.ts";

const client = createClient(GreeterService, createRouterTransport(routes));

async function linesOf(
  messages: AsyncIterable<{ line: string }>,
): Promise<string[]> {
  const lines: string[] = [];
  for await (const { line } of messages) lines.push(line);
  return lines;
}

async function* stream<T>(items: T[]): AsyncGenerator<T> {
  yield* items;
}

test("Hello answers with a greeting.", async () => {
  assert.equal((await client.hello({ name: "john" })).greeting, "Hello john");
});

test("Countdown answers one message a line.", async () => {
  const lines = await linesOf(client.countdown({ name: "ann", from: 2 }));
  assert.deepEqual(lines, ["2", "1", "Hello ann"]);
});

test("Countdown from a number out of range is invalid_argument.", async () => {
  await assert.rejects(linesOf(client.countdown({ from: 1001 })), {
    code: Code.InvalidArgument,
    rawMessage: "from must be between 0 and 1000, not 1001",
  });
});

test("A countdown out of time fails and does not pretend to be complete.", async () => {
  // Only the service is told of the deadline, so the client can't be first.
  const headers = { "connect-timeout-ms": "0" };
  await assert.rejects(linesOf(client.countdown({ from: 3 }, { headers })), {
    code: Code.DeadlineExceeded,
  });
});

test("HelloAll greets all in one sentence and counts them.", async () => {
  const names = stream([{ name: "ann" }, { name: "bob" }, { name: "cy" }]);
  const { greeting, count } = await client.helloAll(names);
  assert.equal(greeting, "Hello ann, bob and cy");
  assert.equal(count, 3);
});

test("HelloAll without a name is invalid_argument.", async () => {
  await assert.rejects(client.helloAll(stream([])), {
    code: Code.InvalidArgument,
    rawMessage: "there is no name: send at least one",
  });
});

test("Chat answers each line before the next one is sent.", async () => {
  const answered: string[] = [];
  async function* lines() {
    yield { line: "one" };
    assert.deepEqual(answered, ["You said: one"]);
    yield { line: "two" };
  }
  for await (const { line } of client.chat(lines())) answered.push(line);
  assert.deepEqual(answered, ["You said: one", "You said: two"]);
});
