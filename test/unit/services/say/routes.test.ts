// The contract of say, through Connect in this process, and what it logs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, createClient, createRouterTransport } from "@connectrpc/connect";
import { pino } from "pino";
import { SayService } from "../../../../gen/say/v1/say_pb.ts";
import { routes } from "../../../../services/say/routes.ts";

function setUp() {
  const log: string[] = [];
  const logger = pino({ level: "trace" }, { write: (line) => log.push(line) });
  const transport = createRouterTransport((router) =>
    routes(router, { logger }),
  );
  return { client: createClient(SayService, transport), log };
}

test("The exchange of client and server, logged without what was said.", async () => {
  const { client, log } = setUp();
  const request = { from: "client", to: "server", msg: "hello aoho" };
  const { from, to, msg } = await client.hello(request);
  assert.deepEqual(
    { from, to, msg },
    { from: "server", to: "client", msg: "ok" },
  );
  assert.equal(log.length, 1);
  const line = JSON.parse(log.join());
  assert.equal(line.from, "client");
  assert.equal(line.to, "server");
  assert.doesNotMatch(log.join(), /aoho/);
});

test("A message from nobody is invalid_argument and not logged.", async () => {
  const { client, log } = setUp();
  await assert.rejects(client.hello({ to: "server", msg: "hello" }), {
    code: Code.InvalidArgument,
    rawMessage: "from is empty",
  });
  assert.equal(log.length, 0);
});
