// Everything the README tells a reader to type is typed here, in a copy of the
// project; only the port is a free one.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startEtcd } from "../support/etcd.ts";
import { type Block, commandsOf, readBlocks } from "../support/markdown.ts";
import { type Program, root, startProgram } from "../support/program.ts";
import { startService } from "../support/system.ts";

const README_URL = "http://127.0.0.1:8080";
const LEFT_OUT = new Set(["node_modules", ".git", ".cache", "dist"]);

const blocks = readBlocks(join(root, "README.md"));
let copy: string;

/** The blocks under a heading that contains `words`. */
function under(words: string, language: string): Block[] {
  const found = blocks.filter(
    (block) => block.heading.includes(words) && block.language === language,
  );
  assert.notEqual(found.length, 0, `no ${language} block under "${words}"`);
  return found;
}

/** Run a command in the copy, as a shell in this folder would. */
function sh(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("sh", ["-c", command], { cwd: copy }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command}\n${stdout}${stderr}`));
    });
  });
}

/** Start `portolan dev` in the copy; resolves when it is up. */
async function startDev(args: readonly string[]) {
  const program = startProgram({
    args: ["cli/main.ts", "dev", "--listen", "127.0.0.1:0", ...args],
    cwd: copy,
  });
  const line = await program.line(({ text }) => text.startsWith("Portolan is"));
  const url = /http:\/\/[\d.]+:\d+/.exec(line.text)?.[0];
  assert.ok(url);
  return { program, run: (command: string) => sh(at(command, url)) };
}

function at(command: string, url: string): string {
  assert.ok(command.includes(README_URL), `${command} calls the gateway`);
  return command.replaceAll(README_URL, url);
}

before(() => {
  copy = mkdtempSync(join(tmpdir(), "portolan-readme-"));
  cpSync(root, copy, {
    recursive: true,
    filter: (path) =>
      dirname(path) !== dirname(join(root, "x")) ||
      !LEFT_OUT.has(basename(path)),
  });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
});

after(() => rmSync(copy, { recursive: true, force: true }));

describe("the README", { concurrency: false }, () => {
  it("names commands that the package has", () => {
    const { scripts } = JSON.parse(
      readFileSync(join(root, "package.json"), "utf8"),
    );
    const commands = under("Two commands", "sh").flatMap(commandsOf);
    assert.deepEqual(commands, ["npm ci && npm start", "npm ci && npm test"]);
    assert.match(scripts.start, /cli\/main\.ts dev$/);
    assert.match(scripts.test, /scripts\/test\.ts$/);
  });

  it("gives five things to try, and each one works", async () => {
    const dev = await startDev([]);
    await using _program: Program = dev.program;
    const commands = under("Five things", "sh").flatMap(commandsOf);
    const outputs: string[] = [];
    for (const command of commands) outputs.push(await dev.run(command));
    const all = outputs.join("\n");
    assert.equal(outputs[0], '{"greeting":"Hello john"}');
    assert.equal(outputs[1], '{"greeting":"Hello john"}');
    for (const expected of [
      /greeter\.v1\.GreeterService\/Hello/,
      /"line": "3"/,
      /"msg": "ok"/,
      /"token":"ey/,
      /400 Bad Request.*"code":"invalid_argument"/s,
    ])
      assert.match(all, expected);
    assert.equal(await dev.program.stop("SIGINT"), 0);
  });

  it("shows how to write a service, and the service works", async () => {
    for (const { file, text } of [
      ...under("Your own service", "proto"),
      ...under("Your own service", "ts"),
    ]) {
      assert.ok(file, `the block says which file it is:\n${text}`);
      assert.equal(existsSync(join(copy, file)), false, `${file} is new`);
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      writeFileSync(join(copy, file), text);
    }
    const [generate, run, ...calls] = under("Your own service", "sh").flatMap(
      commandsOf,
    );
    assert.ok(generate && run);
    await sh(generate);
    await sh("npx tsc -p tsconfig.json");
    const args = /^npm run -s portolan -- dev (.+)$/.exec(run)?.[1];
    const dev = await startDev(args?.split(" ") ?? []);
    await using _program: Program = dev.program;
    assert.notEqual(calls.length, 0);
    for (const call of calls)
      assert.match(await dev.run(call), /"time":\s?"\d\d\/\d\d\/\d{4}/);
    assert.equal(await dev.program.stop("SIGINT"), 0);
  });

  it("shows how to call a service, and the call is answered", async () => {
    const [snippet] = under("Calling a service", "ts");
    await using etcd = await startEtcd();
    await using _greeter = await startService("services/greeter/main.ts", {
      etcd: etcd.address,
    });
    const file = join(copy, "services/greeter/call.ts");
    const text = snippet?.text.replace("127.0.0.1:2379", etcd.address) ?? "";
    assert.ok(text.includes(etcd.address));
    writeFileSync(file, text);
    await using program = startProgram({ args: [file], cwd: copy });
    assert.equal(await program.exited, 0);
    assert.deepEqual(
      program.lines.map((line) => line.text),
      ["Hello john"],
    );
  });

  it("points to help that is there", async () => {
    const commands = under("With a real etcd", "sh").flatMap(commandsOf);
    for (const command of commands)
      assert.match(await sh(command), /--etcd host:port/);
  });
});
