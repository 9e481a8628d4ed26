// The contract of the user service, through Connect in this process.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Code,
  ConnectError,
  createClient,
  createConnectRouter,
  createRouterTransport,
} from "@connectrpc/connect";
import { jwtVerify } from "jose";
import { pino } from "pino";
import { UserService } from "../../../../gen/user/v1/user_pb.ts";
import { createLoggingInterceptor } from "../../../../runtime/interceptors/logging.ts";
import { routes } from "../../../../services/user/routes.ts";
import { createAccountsFile, KEY, writeFiles } from "./support.ts";

async function setUp() {
  const accounts = await createAccountsFile();
  await using files = await writeFiles({ accounts, key: KEY });
  const settings = {
    accounts: files.paths.accounts,
    "jwt-key-file": files.paths.key,
  };
  const log: string[] = [];
  const logger = pino({ level: "trace" }, { write: (line) => log.push(line) });
  const interceptors = [createLoggingInterceptor({ logger })];
  const router = createConnectRouter({ interceptors });
  await routes(router, { settings });
  // createRouterTransport() itself does not wait for routes.
  const transport = createRouterTransport(({ handlers }) => {
    handlers.push(...router.handlers);
  });
  return { client: createClient(UserService, transport), log };
}

test("Login answers with a token that verifies, and the log has neither password nor token.", async () => {
  const { client, log } = await setUp();
  const { token } = await client.login({ account: "aoho", password: "123456" });
  const { payload } = await jwtVerify(token, KEY, { issuer: "portolan" });
  assert.equal(payload["Name"], "Aoho");
  assert.equal(log.length, 1);
  assert.ok(!log.join().includes("123456"));
  assert.ok(!log.join().includes(token));
});

test("A wrong password and an unknown account get the very same answer.", async () => {
  const { client, log } = await setUp();
  const failures: ConnectError[] = [];
  for (const account of ["aoho", "nobody"]) {
    try {
      await client.login({ account, password: "hunter2" });
    } catch (reason) {
      failures.push(ConnectError.from(reason));
    }
  }
  for (const failure of failures) {
    assert.equal(failure.code, Code.Unauthenticated);
    assert.equal(failure.rawMessage, "wrong account or password");
    assert.deepEqual(failure.details, []);
  }
  assert.equal(failures.length, 2);
  assert.doesNotMatch(log.join(), /hunter2/);
});

for (const field of ["account", "password"] as const) {
  test(`A login without ${field} is invalid_argument and says so.`, async () => {
    const { client } = await setUp();
    const credentials = { account: "aoho", password: "123456", [field]: "" };
    await assert.rejects(client.login(credentials), {
      code: Code.InvalidArgument,
      rawMessage: `${field} is empty`,
    });
  });
}
