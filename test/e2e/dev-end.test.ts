// How `portolan dev` ends, or does not even begin: nothing is ever left.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { startDev } from "../support/dev.ts";
import { stillRunning } from "../support/processes.ts";

/** The fixtures, as seen from the top of the repository. */
const ANN = "test/fixtures/ann/main.ts";
const BROKEN = "test/fixtures/broken/main.ts";

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} twice within milliseconds, as npm delivers it, ends portolan dev well`, async () => {
    await using dev = await startDev();
    await dev.up();
    const pids = await dev.processes();
    dev.program.process.kill(signal);
    dev.program.process.kill(signal);
    assert.equal(await dev.program.exited, 0);
    assert.deepEqual(await stillRunning(pids), []);
    assert.deepEqual(await dev.temporaryFiles(), []);
  });
}

test("SIGINT while the services still start ends portolan dev well", async () => {
  await using dev = await startDev();
  await dev.program.line(({ text }) => /\| info +listening/.test(text));
  const pids = await dev.processes();
  assert.equal(await dev.program.stop("SIGINT"), 0);
  assert.deepEqual(await stillRunning(pids), []);
  assert.deepEqual(await dev.temporaryFiles(), []);
});

test("the services end by themselves when portolan dev is killed", async () => {
  await using dev = await startDev();
  await dev.up();
  const pids = await dev.processes();
  assert.equal(pids.length, 4);
  dev.program.process.kill("SIGKILL");
  await dev.ended(pids);
});

test("a port in use is named, and nothing is left half started", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as { port: number };
    const address = `127.0.0.1:${port}`;
    await using dev = await startDev({ args: ["--listen", address] });
    assert.equal(await dev.program.exited, 1);
    const { lines } = dev.program;
    const [last] = lines.slice(-1);
    assert.match(last?.text ?? "", new RegExp(`${address} .*in use`));
    assert.ok(!lines.some(({ text }) => text.includes("registration")));
    assert.deepEqual(await dev.temporaryFiles(), []);
  } finally {
    server.close();
  }
});

test("a service that does not start is named, and ends the others", async () => {
  await using dev = await startDev({ args: [ANN, BROKEN] });
  assert.equal(await dev.program.exited, 1);
  const texts = dev.program.lines.map(({ text }) => text);
  assert.ok(texts.some((text) => /^broken +\|.*the hull leaks/.test(text)));
  const named = /^portolan dev: broken ended before/.test(texts.at(-1) ?? "");
  assert.ok(named, texts.join("\n"));
  assert.ok(!texts.some((text) => text.includes("Portolan is up")));
  // Its services' lines end up in its own output, which has ended.
  assert.deepEqual(await dev.processes(), []);
});

for (const { what, args, message } of [
  {
    what: "a file that is not there",
    args: ["nowhere/main.ts"],
    message: /there is no file .*nowhere\/main\.ts/,
  },
  {
    what: "a flag that is not known",
    args: ["--lisen", "1"],
    message: /--lisen/,
  },
  {
    what: "an address that is none",
    args: ["--listen", "here"],
    message: /--listen/,
  },
  {
    what: "an origin that is none",
    args: ["--cors-origin", "here"],
    message: /--cors-origin.*not an origin/,
  },
]) {
  test(`${what} is wrong usage`, async () => {
    await using dev = await startDev({ args });
    assert.equal(await dev.program.exited, 2);
    const texts = dev.program.lines.map(({ text }) => text);
    assert.equal(texts.length, 1, texts.join("\n"));
    assert.match(texts[0] ?? "", /^portolan dev: /);
    assert.match(texts[0] ?? "", message);
  });
}
