// `portolan dev` with services of one's own.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../support/command.ts";
import { type Dev, startDev } from "../support/dev.ts";
import { startEtcd } from "../support/etcd.ts";
import { pathWithPackages } from "../support/generate.ts";
import { makeProject } from "../support/project.ts";
import { until } from "../support/until.ts";

async function post(
  url: string,
  path: string,
  body: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  const answer = await fetch(url + path, init);
  return (await answer.json()) as Record<string, unknown>;
}

/** The pid of each service, by the folder of its main.ts. */
async function pidsByFolder(dev: Dev): Promise<Map<string, number>> {
  const pids = new Map<string, number>();
  for (const pid of await dev.processes()) {
    const { stdout } = await run("ps", ["-o", "args=", "-p", String(pid)]);
    const folder = /(\w+)\/main\.ts/.exec(stdout)?.[1];
    if (folder !== undefined) pids.set(folder, pid);
  }
  return pids;
}

test("portolan dev runs the services it is given, and proposes calls to them that work", async () => {
  await using project = await makeProject({ ann: "ann", bob: "bob" });
  await using dev = await startDev({
    cwd: project.dir,
    args: ["ann/main.ts", "bob/main.ts"],
  });
  const { commands } = await dev.up();
  const outputs: string[] = [];
  for (const command of commands) {
    const script = command.replace(/^npx /, "");
    const env = { PATH: pathWithPackages };
    const { code, stdout, stderr } = await run("sh", ["-c", script], env);
    assert.equal(code, 0, `${command}\n${stderr}`);
    outputs.push(stdout);
  }
  const all = outputs.join("\n");
  assert.match(all, /"greeting":\s*"Ahoy "/);
  assert.match(all, /"msg":\s*"aye"/);
  const texts = dev.program.lines.map(({ text }) => text);
  for (const label of ["ann", "bob"])
    assert.ok(texts.some((text) => text.startsWith(`${label}     | info`)));
  assert.equal((await dev.processes()).length, 2);
  assert.equal(await dev.program.stop("SIGINT"), 0);
});

test("portolan dev --watch restarts just the service whose file changes", async () => {
  await using project = await makeProject({ ann: "ann", bob: "bob" });
  await using dev = await startDev({
    cwd: project.dir,
    args: ["--watch", "ann/main.ts", "bob/main.ts"],
  });
  const { url } = await dev.up();
  const before = await pidsByFolder(dev);
  const hello = () =>
    post(url, "/greeter.v1.GreeterService/Hello", { name: "john" });
  assert.deepEqual(await hello(), { greeting: "Ahoy john" });

  const file = join(project.dir, "ann/greeting.ts");
  await writeFile(file, 'export const greeting = "Welcome";\n');
  await dev.program.line(({ text }) => /^ann +\| restarted/.test(text));
  await until("the new code answers", async () => {
    const { greeting } = await hello();
    return greeting === "Welcome john";
  });
  const say = { from: "client", to: "server", msg: "" };
  const { msg } = await post(url, "/say.v1.SayService/Hello", say);
  assert.equal(msg, "aye");

  const now = await pidsByFolder(dev);
  assert.equal(now.get("bob"), before.get("bob"));
  assert.notEqual(now.get("ann"), before.get("ann"));
  assert.equal(await dev.program.stop("SIGINT"), 0);
  const restarts = dev.program.lines.filter(({ text }) =>
    text.includes("| restarted"),
  );
  assert.equal(restarts.length, 1);
});

test("portolan dev --watch survives a mistake and takes up its correction", async () => {
  await using project = await makeProject({ ann: "ann" });
  await using dev = await startDev({
    cwd: project.dir,
    args: ["--watch", "ann/main.ts"],
  });
  const { url } = await dev.up();
  const file = join(project.dir, "ann/greeting.ts");
  await writeFile(file, "export const greeting = ;\n");
  await dev.program.line(({ text }) => /^ann +\| ended by itself/.test(text));
  await writeFile(file, 'export const greeting = "Sorry";\n');
  await until("the corrected code answers", async () => {
    const path = "/greeter.v1.GreeterService/Hello";
    const { greeting } = await post(url, path, { name: "john" });
    return greeting === "Sorry john";
  });
  assert.equal(await dev.program.stop("SIGINT"), 0);
});

test("portolan dev --etcd registers its services in a real etcd", async () => {
  await using etcd = await startEtcd();
  await using project = await makeProject({ ann: "ann" });
  await using dev = await startDev({
    cwd: project.dir,
    args: ["--etcd", etcd.address, "ann/main.ts"],
  });
  const { url } = await dev.up();
  const list = () => etcd.etcdctl("get", "--prefix", "/portolan/");
  const [key, value] = (await list()).trim().split("\n");
  assert.match(key ?? "", /^\/portolan\/v1\/instances\/ann\/[\w-]+$/);
  const { services, state } = JSON.parse(value ?? "");
  assert.deepEqual(services, ["greeter.v1.GreeterService"]);
  assert.equal(state, "STATE_SERVING");
  const path = "/greeter.v1.GreeterService/Hello";
  const answer = await post(url, path, { name: "john" });
  assert.deepEqual(answer, { greeting: "Ahoy john" });
  assert.equal(await dev.program.stop("SIGINT"), 0);
  assert.equal(await list(), "");
});
