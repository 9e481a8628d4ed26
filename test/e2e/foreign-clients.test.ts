// gRPC clients that others have written, in other languages, straight to a
// service of ours and through the gateway: Python's grpcio, grpcurl, ghz.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { goClients, grpcPython } from "../../scripts/foreign-clients.ts";
import { buf, run } from "../support/command.ts";
import { type Mesh, startMesh } from "../support/mesh.ts";

const GREETER = "greeter.v1.GreeterService";
const MESSAGE = "nobody is here: 100 % sure, für immer";

const python = await grpcPython().catch((error: Error) => error);
const go = await goClients().catch((error: Error) => error);
const pythonSkip = python instanceof Error ? python.message : false;
const goSkip =
  go instanceof Error
    ? `grpcurl and ghz can't be built: ${go.message.split("\n", 1)[0]}`
    : go === undefined && "no Go on PATH, with which to build grpcurl and ghz";

test("grpcio is there where Debian's packages are, and grpcurl where Go is", (t) => {
  for (const found of [python, go]) {
    if (!(found instanceof Error)) continue;
    if (process.env["CI"]) throw found;
    t.skip(found.message);
  }
});

suite("clients of others", { skip: pythonSkip && goSkip }, () => {
  let mesh: Mesh;
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "portolan-clients-"));
    mesh = await startMesh({ "test/support/outspoken-greeter.ts": GREETER });
  });
  after(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  const places = {
    "the service": () => mesh.services[0]?.address ?? "",
    "the gateway": () => mesh.gateway.address,
  };
  for (const [place, address] of Object.entries(places)) {
    suite(`grpcio at ${place}`, { skip: pythonSkip }, () => {
      test("makes calls of all kinds", () => callWithPython(address(), dir));
    });
    suite(`grpcurl at ${place}`, { skip: goSkip }, () => useGrpcurl(address));
    suite(`ghz at ${place}`, { skip: goSkip }, () => {
      test("makes 500 calls, and none fails", () => callWithGhz(address()));
    });
  }
});

async function callWithPython(address: string, dir: string): Promise<void> {
  if (python instanceof Error) throw python;
  const descriptors = join(dir, "descriptors.binpb");
  const built = await buf("build", "proto", "-o", descriptors);
  assert.equal(built.code, 0, built.stderr);
  const script = "test/support/grpcio-client.py";
  const args = [script, address, descriptors];
  const { code, stdout, stderr } = await run(python.python, args, python.env);
  assert.equal(code, 0, stderr);
  const { deadline, ...rest } = JSON.parse(stdout);
  // Who notices first chooses the words: the client or the service.
  assert.equal(deadline.code, "DEADLINE_EXCEEDED");
  assert.deepEqual(rest, {
    greeting: "Hello john",
    header: "plain",
    trailer: [0, 255, 7],
    countdown: ["3", "2", "1", "Hello john"],
    sentence: ["Hello ann, bob", 2],
    chat: ["You said: one", "You said: two"],
    error: {
      code: "NOT_FOUND",
      message: MESSAGE,
      reason: "unknown",
      hasDetail: true,
    },
    length: "Hello ".length + 1_000_000,
    many: 100,
  });
}

function useGrpcurl(address: () => string): void {
  test("lists and describes by reflection", async () => {
    const listed = await grpcurl([address(), "list"]);
    assert.ok(listed.stdout.split("\n").includes(GREETER), listed.stdout);
    const method = `${GREETER}.Countdown`;
    const described = await grpcurl([address(), "describe", method]);
    const line =
      "rpc Countdown ( .greeter.v1.CountdownRequest ) returns ( stream .greeter.v1.CountdownResponse );";
    assert.ok(described.stdout.includes(line), described.stdout);
  });

  test("makes calls of all kinds", async () => {
    const call = async (method: string, ...messages: readonly object[]) => {
      const data = messages.map((it) => JSON.stringify(it)).join(" ");
      const path = `${GREETER}/${method}`;
      const got = await grpcurl(["-d", data, address(), path]);
      assert.equal(got.code, 0, got.stderr);
      return parseAll(got.stdout);
    };
    assert.deepEqual(await call("Hello", { name: "john" }), [
      { greeting: "Hello john" },
    ]);
    const counted = await call("Countdown", { name: "john", from: 2 });
    const lines = ["2", "1", "Hello john"].map((line) => ({ line }));
    assert.deepEqual(counted, lines);
    assert.deepEqual(await call("HelloAll", { name: "ann" }, { name: "bob" }), [
      { greeting: "Hello ann, bob", count: 2 },
    ]);
    const chat = await call("Chat", { line: "one" }, { line: "two" });
    const answers = ["You said: one", "You said: two"];
    assert.deepEqual(
      chat,
      answers.map((line) => ({ line })),
    );
  });

  test("sends metadata, and gets it", async () => {
    const { code, stdout, stderr } = await grpcurl([
      ...["-v", "-H", "x-text: plain", "-H", "x-some-bin: AP8H"],
      ...["-d", '{"name":"john"}', address(), `${GREETER}/Hello`],
    ]);
    assert.equal(code, 0, stderr);
    const [head = "", tail = ""] = stdout.split("Response contents:");
    assert.match(head, /^x-text: plain$/m);
    assert.match(tail, /^x-some-bin: AP8H$/m);
  });

  test("shows an error with its details", async () => {
    const data = '{"name":"nobody"}';
    const args = ["-d", data, address(), `${GREETER}/Hello`];
    const { code, stderr } = await grpcurl(args);
    assert.notEqual(code, 0);
    assert.match(stderr, /Code: NotFound/);
    assert.ok(stderr.includes(`Message: ${MESSAGE}`), stderr);
    assert.match(stderr, /greeter\.v1\.HelloRequest[^}]*"name": ?"anybody"/);
  });

  test("gives up when its time is over", async () => {
    const data = ["-max-time", "0.3", "-d", '{"name":"waits"}'];
    const path = `${GREETER}/Hello`;
    const { code, stderr } = await grpcurl([...data, address(), path]);
    assert.notEqual(code, 0);
    assert.match(stderr, /DeadlineExceeded/);
  });
}

async function callWithGhz(address: string): Promise<void> {
  const { code, stdout, stderr } = await run(goPath("ghz"), [
    ...["--insecure", "--call", `${GREETER}.Hello`, "-d", '{"name":"john"}'],
    ...["-n", "500", "-c", "20", "--connections", "4", "-O", "json", address],
  ]);
  assert.equal(code, 0, stderr);
  const { count, errorDistribution, statusCodeDistribution } =
    JSON.parse(stdout);
  assert.deepEqual(
    { count, errorDistribution, statusCodeDistribution },
    {
      count: 500,
      errorDistribution: {},
      statusCodeDistribution: { OK: 500 },
    },
  );
}

function grpcurl(args: readonly string[]) {
  return run(goPath("grpcurl"), ["-plaintext", ...args]);
}

function goPath(name: "grpcurl" | "ghz"): string {
  if (go instanceof Error || go === undefined) throw new Error(`no ${name}`);
  return go[name];
}

/** JSON objects that follow each other, each begun at the start of a line. */
function parseAll(text: string): unknown[] {
  return text
    .split(/^(?=\{)/m)
    .filter((part) => part.trim() !== "")
    .map((part) => JSON.parse(part));
}
