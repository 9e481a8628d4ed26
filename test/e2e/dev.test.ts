// `portolan dev`, and `npm start`: what a stranger sees first.

import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../support/command.ts";
import { startDev } from "../support/dev.ts";
import { pathWithPackages } from "../support/generate.ts";

/** Run a command as a person would who has copied it. */
async function shell(command: string): Promise<string> {
  // npx would look in the same folder, half a second later.
  const [name, args] = ["sh", ["-c", command.replace(/^npx /, "")]] as const;
  const { code, stdout, stderr } = await run(name, args, {
    PATH: pathWithPackages,
  });
  assert.equal(code, 0, `${command}\n${stderr}`);
  return stdout;
}

/** JSON values that stand one after the other, as buf prints a stream. */
function parseAll(output: string): unknown[] {
  return JSON.parse(`[${output.trim().replace(/\}\s*\{/g, "},{")}]`);
}

test("portolan dev brings up the examples, and the commands that it prints work", async () => {
  await using dev = await startDev();
  const { url, commands } = await dev.up();
  const outputs = new Map<string, string>();
  for (const command of commands) outputs.set(command, await shell(command));

  const output = (part: string | RegExp) => {
    const found = commands.filter((command) => command.search(part) >= 0);
    assert.equal(found.length, 1, `${part} in\n${commands.join("\n")}`);
    return outputs.get(found[0] ?? "") ?? "";
  };
  const john = { greeting: "Hello john" };
  assert.deepEqual(parseAll(output("/greeter/hello")), [john]);
  assert.deepEqual(parseAll(output("GreeterService/Hello")), [john]);
  const lines = ["3", "2", "1", "Hello john"].map((line) => ({ line }));
  assert.deepEqual(parseAll(output("GreeterService/Countdown")), lines);
  const ok = { from: "server", to: "client", msg: "ok" };
  assert.deepEqual(parseAll(output("SayService/Hello")), [ok]);
  const { token } = JSON.parse(output("UserService/Login"));
  const [, claims] = String(token).split(".");
  const { Name, sub } = JSON.parse(atob(claims ?? ""));
  assert.deepEqual({ Name, sub }, { Name: "aoho", sub: "login" });
  const methods = output("--list-methods").trim().split("\n");
  for (const method of [
    "greeter.v1.GreeterService/Chat",
    "say.v1.SayService/Hello",
    "user.v1.UserService/Login",
  ])
    assert.ok(methods.includes(method), method);
  assert.equal(commands.length, 6);

  await pagesOfLocalhostMayCall(url);
  const { lines: log } = dev.program;
  for (const label of ["greeter-1", "greeter-2", "say", "user"]) {
    const answered = log.filter(({ text }) =>
      new RegExp(`^${label} +\\| info +call `).test(text),
    );
    assert.notEqual(answered.length, 0, `${label} was called`);
  }
  assert.ok(!log.some(({ text }) => text.includes(String(token))));

  const pids = await dev.processes();
  assert.equal(pids.length, 4);
  assert.equal((await dev.temporaryFiles()).length, 1);
  assert.equal(await dev.program.stop("SIGINT"), 0);
  await dev.ended(pids);
  assert.deepEqual(await dev.temporaryFiles(), []);
});

async function pagesOfLocalhostMayCall(url: string): Promise<void> {
  const origin = "http://localhost:5173";
  const headers = { origin, "access-control-request-method": "POST" };
  const answer = await fetch(`${url}/greeter/hello`, {
    method: "OPTIONS",
    headers,
  });
  assert.equal(answer.headers.get("access-control-allow-origin"), origin);
}

test("npm start does the same, and Ctrl-C ends it", async () => {
  await using dev = await startDev({ throughNpm: true });
  const { url } = await dev.up();
  const answer = await shell(
    `curl -s -H 'content-type: application/json' -d '{"name":"john"}' ${url}/greeter/hello`,
  );
  assert.equal(answer, '{"greeting":"Hello john"}');

  const pids = await dev.processes();
  // A terminal sends the signal to all processes of the group, and npm sends
  // it on to its child, which so gets it twice.
  const { pid = 0 } = dev.program.process;
  process.kill(-pid, "SIGINT");
  await dev.program.exited;
  await dev.ended(pids);
  assert.ok(dev.program.lines.some(({ text }) => text === "Stopping."));
  assert.deepEqual(await dev.temporaryFiles(), []);
  const crashed = dev.program.lines.filter(({ text }) =>
    text.includes("ended by itself"),
  );
  assert.deepEqual(crashed, []);
});
