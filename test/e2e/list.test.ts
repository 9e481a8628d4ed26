// What `portolan list` and `portolan describe` tell of real services: serving,
// leaving, dead, and frozen.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { inspectEtcd } from "../../mesh/registry/index.ts";
import { runScript } from "../support/command.ts";
import { startEtcd, type TestEtcd } from "../support/etcd.ts";
import { freePorts } from "../support/ports.ts";
import { startService } from "../support/system.ts";
import { until } from "../support/until.ts";

const MAIN = "services/greeter/main.ts";
const GREETER = "greeter.v1.GreeterService";

suite("portolan list and portolan describe", () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd?.[Symbol.asyncDispose]());

  const start = (...flags: string[]) =>
    startService(MAIN, { etcd: etcd.address, flags });
  const portolan = (...args: string[]) =>
    runScript(["cli/main.ts", ...args, "--etcd", etcd.address]);

  /** Wait until an instance looks so in etcd; undefined: until it is not there. */
  const looks = (id: string, state: string | undefined) =>
    until(`${id} is ${state}`, async () => {
      const { instances } = await inspectEtcd({ hosts: [etcd.address] });
      const found = instances.find(({ instance }) => instance.id === id);
      return found?.state === state;
    });

  /** The cells of an instance's line, by heading. */
  async function lineOf(id: string) {
    const { stdout, code } = await portolan("list");
    assert.equal(code, 0);
    const [heading = [], ...lines] = stdout
      .split("\n")
      .map((line) => line.split(/ {2,}/));
    const line = lines.find((cells) => cells[1] === id);
    return (
      line && Object.fromEntries(heading.map((name, i) => [name, line[i]]))
    );
  }

  test("a serving instance is live, with its age and the time it has left", async () => {
    await using running = await start("--version", "1.2.3");
    const line = await lineOf(running.id);
    assert.ok(line);
    const { AGE, "LEASE LEFT": left, RENEWED, SCHEMA, ...rest } = line;
    assert.deepEqual(rest, {
      NAME: "greeter",
      ID: running.id,
      ADDRESS: running.address,
      VERSION: "1.2.3",
      STATE: "live",
      SERVICES: GREETER,
    });
    assert.match(AGE ?? "", /^\d+s$|^\d+m/);
    assert.match(left ?? "", /^\d+s of 15s$/);
    assert.match(RENEWED ?? "", /^\d+s ago$/);
    assert.match(SCHEMA ?? "", /^[0-9a-f]{8}$/);
  });

  test("describe takes the registered name and the proto service", async () => {
    await using running = await start("--name", "herald", "--id", "1");
    for (const service of ["herald", GREETER]) {
      const { stdout, code } = await portolan("describe", service);
      assert.equal(code, 0);
      assert.match(stdout, /^\S+: \d+ instances? \(/);
      assert.match(stdout, /\nherald\/1\n {2}state +live: /);
      assert.ok(stdout.includes(running.address));
      assert.match(stdout, /\n {2}schema +sha256:[0-9a-f]{64}\n/);
    }
    const { stdout } = await portolan("describe", "herald", "--json");
    const { instances } = JSON.parse(stdout);
    assert.equal(instances.length, 1);
    assert.equal(instances[0].record.address, running.address);
    assert.equal(instances[0].lease.grantedSeconds, 15);
  });

  test("describe tells what looks like a name that nobody has", async () => {
    await using _running = await start("--name", "lookout");
    const { stdout, stderr, code } = await portolan("describe", "lokout");
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /"lokout" is registered: did you mean lookout\?\n$/);
  });

  test("a leaving instance is draining", async () => {
    await using leaving = await start("--drain-delay", "1m");
    leaving.program.process.kill("SIGTERM");
    await looks(leaving.id, "draining");
    assert.equal((await lineOf(leaving.id))?.["STATE"], "draining");
  });

  test("a killed and a frozen instance are unsure while the lease lasts, the frozen one is live once it goes on", async () => {
    await using killed = await start();
    await using frozen = await start();
    frozen.program.process.kill("SIGSTOP");
    await killed.program.stop("SIGKILL");
    for (const { id } of [killed, frozen]) {
      await looks(id, "unsure");
      assert.equal((await lineOf(id))?.["STATE"], "unsure");
    }
    frozen.program.process.kill("SIGCONT");
    await looks(frozen.id, "live");
    await looks(killed.id, undefined);
    assert.equal(await lineOf(killed.id), undefined);
  });

  test("what has no lease, and what is no record, is shown as such", async () => {
    const prefix = "/portolan/v1/instances/ghost";
    const record = '{"id":"1","name":"ghost","address":"127.0.0.1:1"}';
    await etcd.etcdctl("put", `${prefix}/1`, record);
    await etcd.etcdctl("put", `${prefix}/2`, "{");
    const { stdout } = await portolan("describe", "ghost");
    assert.match(stdout, /ghost\/1\n {2}state +no lease: /);
    assert.ok(stdout.includes(`${prefix}/2  not an instance record`), stdout);
    assert.equal((await lineOf("1"))?.["STATE"], "no lease");
  });

  test("exit status 1 and one line tell that etcd does not answer", async () => {
    const [port] = await freePorts(1);
    const address = `127.0.0.1:${port}`;
    const check = async (...args: string[]) => {
      const command = ["cli/main.ts", ...args, "--etcd", address];
      const { stdout, stderr, code } = await runScript(command);
      assert.equal(code, 1);
      assert.equal(stdout, "");
      assert.match(stderr, /^portolan \w+: etcd at 127.*did not answer.*\n$/);
    };
    await Promise.all([check("list"), check("describe", "greeter")]);
  });
});
