// Our client and the server of nghttp2, with the options of its that change
// what is on the wire.

import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { makeTemporaryDir } from "../../support/at-exit.ts";
import { freePorts } from "../../support/ports.ts";
import { startProgram } from "../../support/program.ts";
import { until } from "../../support/until.ts";
import { startCaller } from "./caller.ts";
import { textOf } from "./echo-server.ts";
import { findTools } from "./tools.ts";

const { tools, skip } = await findTools();

/** Only what hangs takes so long. */
const LIMIT_MS = 60_000;

const FILE_BYTES = 300_000;

/** Start nghttpd with a file in its folder. */
async function startNghttpd(args: readonly string[]) {
  await using parts = new AsyncDisposableStack();
  const dir = parts.use(await makeTemporaryDir("nghttpd")).path;
  await writeFile(join(dir, "file"), textOf(FILE_BYTES));
  const [port = 0] = await freePorts(1);
  const own = ["--no-tls", "-a", "127.0.0.1", "-d", dir, ...args, `${port}`];
  const { nghttpd: command = "", env = {} } = tools ?? {};
  parts.use(startProgram({ command, args: own, env }));
  await until("nghttpd listens", () => canConnect(port));
  const rest = parts.move();
  return { port, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return once(socket, "connect")
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy());
}

const OPTIONS: [name: string, args: string[]][] = [
  ["as it is", []],
  ["with padding", ["--padding=200"]],
  ["with tiny windows", ["-w", "8", "-W", "16"]],
  ["without a header table", ["-c", "0"]],
  ["with 2 streams at once", ["-m", "2"]],
  ["with early responses", ["--early-response"]],
  ["without content-length", ["--no-content-length"]],
];

for (const [name, args] of OPTIONS) {
  describe(`our client and nghttpd ${name}`, {
    skip,
    timeout: LIMIT_MS,
  }, () => {
    test("many downloads at once", async () => {
      await using server = await startNghttpd(args);
      await using caller = startCaller(server.port);
      const answers = await Promise.all(
        Array.from({ length: 12 }, () => caller.call("GET", "/file")),
      );
      for (const { status, body, code } of answers) {
        assert.equal(status, 200);
        assert.equal(body.toString(), textOf(FILE_BYTES));
        assert.equal(code, 0);
      }
    });

    test("trailers of both sides", async () => {
      const own = ["--trailer", "x-end: a", "--trailer", "x-end: b"];
      await using server = await startNghttpd([
        ...args,
        ...own,
        "--echo-upload",
      ]);
      await using caller = startCaller(server.port);
      const body = Buffer.from(textOf(90_000));
      const trailers: [string, string][] = [["x-sum", "1"]];
      const answer = await caller.call("POST", "/file", body, trailers);
      assert.equal(answer.status, 200);
      assert.equal(answer.body.toString(), body.toString());
      assert.deepEqual(answer.trailers, [
        ["x-end", "a"],
        ["x-end", "b"],
      ]);
    });

    test("a body that nobody asked for", async () => {
      await using server = await startNghttpd(args);
      await using caller = startCaller(server.port);
      const body = Buffer.alloc(400_000, "x");
      const answer = await caller.call("POST", "/nowhere", body);
      assert.equal(answer.status, 404);
    });
  });
}
