// What a service says of itself in etcd, and how flags and the environment
// change it.

import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { after, before, suite, test } from "node:test";
import { parseAddress } from "../../core/index.ts";
import { runScript } from "../support/command.ts";
import { startEtcd, type TestEtcd } from "../support/etcd.ts";
import { startProgram } from "../support/program.ts";
import { type RunningService, startService } from "../support/system.ts";

const main = "services/greeter/main.ts";

suite("registration", () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd?.[Symbol.asyncDispose]());

  const start = (flags: string[], env?: Record<string, string>) =>
    startService(main, { etcd: etcd.address, flags, ...(env && { env }) });

  /** The keys under /portolan/, each with its value, as etcdctl prints them. */
  async function records(): Promise<Map<string, Record<string, unknown>>> {
    const out = await etcd.etcdctl("get", "--prefix", "/portolan/");
    const lines = out.trim().split("\n");
    const found = new Map<string, Record<string, unknown>>();
    for (let at = 0; at + 1 < lines.length; at += 2)
      found.set(lines[at] ?? "", JSON.parse(lines[at + 1] ?? ""));
    return found;
  }

  async function recordOf({ id }: RunningService) {
    for (const record of (await records()).values())
      if (record["id"] === id) return record;
    return assert.fail(`${id} is not in etcd`);
  }

  test("--name go.micro.server.worker --id 1 is what the key says", async () => {
    await using worker = await start([
      "--name",
      "go.micro.server.worker",
      "--id",
      "1",
      "--version",
      "1.2.3",
    ]);
    const { schemaDigest, nonce, startedAt, ...record } =
      (await records()).get(
        "/portolan/v1/instances/go.micro.server.worker/1",
      ) ?? {};
    assert.deepEqual(record, {
      id: "1",
      name: "go.micro.server.worker",
      address: worker.address,
      version: "1.2.3",
      services: ["greeter.v1.GreeterService"],
      protocols: ["PROTOCOL_GRPC", "PROTOCOL_GRPC_WEB", "PROTOCOL_CONNECT"],
      state: "STATE_SERVING",
    });
    assert.match(String(schemaDigest), /^sha256:[0-9a-f]{64}$/);
    assert.match(String(nonce), /^[\w-]{22}$/);
    assert.ok(Date.parse(String(startedAt)) <= Date.now());

    const list = ["cli/main.ts", "list", "--etcd", etcd.address];
    const { stdout, code } = await runScript(list);
    assert.equal(code, 0);
    const cells = stdout.split("\n").map((line) => line.split(/ {2,}/));
    const own = cells.find(([name]) => name === "go.micro.server.worker");
    assert.deepEqual(own?.slice(0, 5), [
      ...["go.micro.server.worker", "1", worker.address, "1.2.3", "live"],
    ]);
    assert.equal(own?.at(-1), "greeter.v1.GreeterService");
  });

  test("without flags the service's own name and a new id are registered", async () => {
    await using one = await start([]);
    await using two = await start([]);
    assert.notEqual(one.id, two.id);
    for (const running of [one, two]) {
      const record = await recordOf(running);
      assert.equal(record["name"], "greeter");
      assert.equal(record["address"], running.address);
    }
  });

  test("a record goes with its service", async () => {
    const running = await start(["--name", "leaver", "--id", "9"]);
    const key = "/portolan/v1/instances/leaver/9";
    assert.ok((await records()).has(key));
    assert.equal(await running.program.stop(), 0);
    assert.equal((await records()).has(key), false);
  });

  test("a second process with the same name and id is refused, the first one's record stays", async () => {
    const flags = ["--name", "only-one", "--id", "7"];
    await using first = await start(flags);
    const before = await recordOf(first);
    const second = await runScript([
      ...[main, "--etcd", etcd.address, "--listen", "127.0.0.1:0"],
      ...[...flags, "--drain-delay", "0"],
    ]);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /^greeter: .*only-one\/7.*\n$/);
    assert.match(second.stderr, /choose another id/);
    assert.ok(second.stderr.includes(first.address));
    assert.deepEqual(await recordOf(first), before);
  });

  test("a service listens on IPv6 and says so", async () => {
    await using running = await start(["--listen", "[::1]:0"]);
    assert.match(running.address, /^\[::1\]:\d+$/);
    assert.equal((await recordOf(running))["address"], running.address);
    await assertGreets(running.address);
  });

  for (const host of ["0.0.0.0", "[::]"]) {
    test(`a service that listens on ${host} tells an address that others can use`, async () => {
      await using running = await start(["--listen", `${host}:0`]);
      const address = String((await recordOf(running))["address"]);
      const parsed = parseAddress(address);
      assert.ok(!(parsed instanceof Error), address);
      const mine = Object.values(networkInterfaces()).flatMap((a) => a ?? []);
      const known = mine.find((one) => one.address === parsed.host);
      assert.ok(known !== undefined, `${address} is none of this machine's`);
      const others = mine.some((one) => !one.internal);
      assert.equal(known.internal, !others, address);
      await assertGreets(address);
    });
  }

  test("--advertise is told instead of the address listened on", async () => {
    const flags = ["--advertise", "greeter.example.com:443"];
    await using running = await start(flags);
    const record = await recordOf(running);
    assert.equal(record["address"], "greeter.example.com:443");
    await assertGreets(running.address);
  });

  test("environment variables count, and flags win over them", async () => {
    const program = startProgram({
      args: [main, "--name", "from-flag"],
      env: {
        PORTOLAN_ETCD: etcd.address,
        PORTOLAN_LISTEN: "127.0.0.1:0",
        PORTOLAN_NAME: "from-env",
        PORTOLAN_ID: "id-from-env",
        PORTOLAN_VERSION: "",
        PORTOLAN_DRAIN_DELAY: "0",
      },
    });
    await using _ = program;
    await program.line(({ fields }) => fields["msg"] === "registration live");
    const key = "/portolan/v1/instances/from-flag/id-from-env";
    assert.ok((await records()).has(key));
    assert.equal(await program.stop(), 0);
  });

  test("the members of an etcd cluster may be several, some of them away", async () => {
    await using running = await startService(main, {
      etcd: `127.0.0.1:1,${etcd.address}`,
    });
    await recordOf(running);
  });
});

async function assertGreets(address: string): Promise<void> {
  const response = await fetch(`http://${address}/greeter/hello`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  assert.deepEqual(await response.json(), { greeting: "Hello world" });
}
