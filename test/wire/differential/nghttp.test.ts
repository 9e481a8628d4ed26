// Our server and the clients of nghttp2, with the options of theirs that change
// what is on the wire.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { makeTemporaryDir } from "../../support/at-exit.ts";
import { run } from "../../support/command.ts";
import { type Summary, startEchoServer, textOf } from "./echo-server.ts";
import { findTools } from "./tools.ts";

const { tools, skip } = await findTools();

/** Run nghttp; its standard output is the bodies, one after the other. */
async function nghttp(...args: string[]): Promise<string> {
  const { nghttp: command = "", env = {} } = tools ?? {};
  const { code, stdout, stderr } = await run(command, args, env);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  return stdout;
}

/** A file of that text, for -d. */
async function makeFile(text: string) {
  const dir = await makeTemporaryDir("nghttp");
  const path = join(dir.path, "body");
  await writeFile(path, text);
  return { path, [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() };
}

describe("nghttp gets from our server what it holds", { skip }, () => {
  const table: [name: string, bytes: number, args: string[]][] = [
    ["an empty body", 0, []],
    ["a body", 200_000, []],
    ["a body in stream windows of 15 bytes", 2_000, ["-w", "4"]],
    ["a body in windows of 1 KiB", 100_000, ["-w", "10", "-W", "16"]],
    ["a body in huge windows", 500_000, ["-w", "30", "-W", "30"]],
    ["to a padded request", 1_000, ["--padding=255"]],
    ["to a request of CONTINUATION frames", 1_000, ["--continuation"]],
    ["without a header table", 1_000, ["-c", "0"]],
    ["with a changing header table", 1_000, ["-c", "0", "-c", "8192"]],
    ["with a small encoder's table", 10, ["--encoder-header-table-size=50"]],
    ["without priorities", 10, ["--no-dep", "--no-rfc7540-pri"]],
  ];
  for (const [name, bytes, args] of table) {
    test(name, async () => {
      await using server = await startEchoServer();
      const url = `http://127.0.0.1:${server.port}/bytes/${bytes}`;
      assert.equal(await nghttp(...args, url), textOf(bytes));
      assert.deepEqual(server.codes, [0]);
    });
  }

  test("many bodies on one connection", async () => {
    await using server = await startEchoServer();
    const base = `http://127.0.0.1:${server.port}/bytes`;
    const stdout = await nghttp("-m", "50", `${base}/100`, `${base}/20000`);
    assert.equal(stdout.length, 50 * 20_100);
    assert.equal(server.codes.length, 100);
    assert.equal(server.stats.connections, 1);
  });
});

describe("nghttp sends to our server", { skip }, () => {
  const table: [name: string, bytes: number, args: string[]][] = [
    ["a body", 300_000, []],
    ["a body of padded frames", 300_000, ["--padding=200"]],
    ["a body of unknown length", 100_000, ["--no-content-length"]],
    ["a body, and takes it back through a small window", 40_000, ["-w", "9"]],
    ["a body and trailers", 1_000, ["--trailer", "x-end: yes"]],
  ];
  for (const [name, bytes, args] of table) {
    test(name, async () => {
      await using file = await makeFile(textOf(bytes));
      await using server = await startEchoServer();
      const url = `http://127.0.0.1:${server.port}/echo`;
      assert.equal(await nghttp(...args, "-d", file.path, url), textOf(bytes));
      assert.deepEqual(server.codes, [0]);
    });
  }

  test("header fields and trailers as they were given", async () => {
    await using file = await makeFile(textOf(5_000));
    await using server = await startEchoServer();
    const fields = ["-H", "x-twice: a", "-H", "x-twice: b"];
    const trailers = ["--trailer", "x-end: 1", "--trailer", "x-end: 2"];
    const url = `http://127.0.0.1:${server.port}/summary`;
    const args = [...fields, ...trailers, "--padding=9", "-d", file.path, url];
    const summary: Summary = JSON.parse(await nghttp(...args));
    assert.equal(summary.method, "POST");
    assert.equal(summary.bytes, 5_000);
    const twice = summary.headers.filter(([name]) => name === "x-twice");
    assert.deepEqual(
      twice.map(([, value]) => value),
      ["a", "b"],
    );
    assert.deepEqual(summary.trailers, [
      ["x-end", "1"],
      ["x-end", "2"],
    ]);
  });

  test("a body after 100 (Continue)", async () => {
    await using file = await makeFile(textOf(5_000));
    await using server = await startEchoServer();
    const url = `http://127.0.0.1:${server.port}/summary`;
    const args = ["--expect-continue", "-d", file.path, url];
    const summary: Summary = JSON.parse(await nghttp(...args));
    assert.equal(summary.bytes, 5_000);
  });

  test("a body that is answered and cut off before its end", async () => {
    await using file = await makeFile(textOf(2_000_000));
    await using server = await startEchoServer();
    const url = `http://127.0.0.1:${server.port}/early`;
    assert.equal(await nghttp("-d", file.path, url), "no\n");
  });
});

describe("h2load gets nothing but 2xx from our server", { skip }, () => {
  const table: [name: string, path: string, args: string[]][] = [
    ["small bodies", "bytes/100", ["-n", "3000", "-c", "4", "-m", "32"]],
    ["large bodies", "bytes/100000", ["-n", "200", "-c", "2", "-m", "10"]],
    ["many connections", "bytes/100", ["-n", "400", "-c", "100", "-m", "1"]],
    [
      "large bodies in small windows",
      "bytes/50000",
      ["-n", "60", "-c", "2", "-m", "10", "-w", "12", "-W", "16"],
    ],
  ];
  for (const [name, path, args] of table) {
    test(name, async () => {
      await using server = await startEchoServer();
      const { h2load = "", env = {} } = tools ?? {};
      const url = `http://127.0.0.1:${server.port}/${path}`;
      const { code, stdout } = await run(h2load, [...args, url], env);
      assert.equal(code, 0, stdout);
      const requests = args[args.indexOf("-n") + 1];
      assert.match(stdout, new RegExp(`status codes: ${requests} 2xx, 0 3xx`));
      assert.match(stdout, / 0 failed, 0 errored, 0 timeout/);
    });
  }
});
