// The package as npm publishes it: packed, installed into an empty project, and
// a service with a contract of its own served and called from there.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setInterval } from "node:timers/promises";
import { promisify } from "node:util";
import { startProgram } from "./program.ts";

const root = join(import.meta.dirname, "../..");
const BIN = "node_modules/.bin/portolan";
const PATH = [join(root, "node_modules/.bin"), process.env["PATH"] ?? ""].join(
  delimiter,
);

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

let project: string;
let packed: Packed;

async function run(cwd: string, command: string, ...args: string[]) {
  try {
    const env = { ...process.env, PATH };
    const { stdout } = await promisify(execFile)(command, args, { cwd, env });
    return stdout;
  } catch (error) {
    // What a compiler has to say, it says on standard output.
    const { message, stdout } = error as Error & { stdout?: string };
    throw new Error(`${message}\n${stdout}`, { cause: error });
  }
}

/** What `npm pack` says; the output of the build comes before it. */
function parsePacked(output: string): Packed {
  const json = output.slice(output.search(/^[[{]/m));
  // An array until npm 11, an object by package name since npm 12.
  const [first] = Object.values<Packed>(JSON.parse(json));
  assert.ok(first);
  return first;
}

async function hello(address: string, name: string): Promise<Response> {
  return fetch(`http://${address}/hello.v1.HelloService/Hello`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
}

/** The gateway learns of the service a moment after it has registered. */
async function untilServed(address: string): Promise<Response> {
  const signal = AbortSignal.timeout(20_000);
  for await (const _ of setInterval(50, undefined, { signal })) {
    const response = await hello(address, "john");
    if (response.ok) return response;
    await response.body?.cancel();
  }
  throw new Error("unreachable: the interval ends only by its signal");
}

describe("The package", { timeout: 300_000 }, () => {
  before(async () => {
    project = await mkdtemp(join(tmpdir(), "portolan-package-"));
    const template = join(import.meta.dirname, "project");
    await cp(template, project, { recursive: true });
    packed = parsePacked(
      await run(root, "npm", "pack", "--json", "--pack-destination", project),
    );
    await rename(join(project, packed.filename), join(project, "portolan.tgz"));
    const quick = ["--ignore-scripts", "--prefer-offline"];
    await run(project, "npm", "install", "--no-package-lock", ...quick);
    const plugin = {
      local: "protoc-gen-es",
      out: "gen",
      opt: ["target=js+dts"],
    };
    const config = JSON.stringify({ version: "v2", plugins: [plugin] });
    await run(project, "buf", "generate", "proto", "--template", config);
  });

  after(() => rm(project, { recursive: true, force: true }));

  test("holds what is built, the licence and the README, and nothing else", () => {
    const paths = packed.files.map(({ path }) => path);
    const others = paths.filter((path) => !path.startsWith("dist/"));
    assert.deepEqual(others.sort(), ["LICENSE", "README.md", "package.json"]);
    for (const outside of ["test", "bench", "scripts", "docs"]) {
      assert.ok(!paths.some((path) => path.startsWith(`dist/${outside}/`)));
    }
  });

  test("runs a service, a registry and a gateway from an empty project", async () => {
    const at = ["--listen", "127.0.0.1:0"];
    await using etcd = await startProgram(project, BIN, "registry", ...at);
    const common = [...at, "--etcd", etcd.address, "--drain-delay", "0"];
    await using service = await startProgram(project, "main.js", ...common);
    await using gateway = await startProgram(
      project,
      ...[BIN, "gateway", ...common],
    );

    const direct = await hello(service.address, "jane");
    assert.deepEqual(await direct.json(), { greeting: "Hello jane" });
    const forwarded = await untilServed(gateway.address);
    assert.deepEqual(await forwarded.json(), { greeting: "Hello john" });
  });

  test("has types for every entry point", async () => {
    await run(project, "tsc", "-p", ".");
  });
});
