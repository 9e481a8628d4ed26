// A process that closed its registrar and directory ends by itself.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { startEtcd, type TestEtcd } from "../../../../support/etcd.ts";
import { createNetwork, type Network } from "../support.ts";

const door = new URL("../../../../../mesh/registry/index.ts", import.meta.url);
const support = new URL("../support.ts", import.meta.url);

const program = `
  import { createEtcdDirectory, createEtcdRegistrar } from "${door}";
  import { instance, until } from "${support}";
  const hosts = [process.argv[1]];
  const registrar = createEtcdRegistrar({ hosts });
  const directory = createEtcdDirectory({ hosts });
  const registration = registrar.register(instance());
  await until(directory, (s) => s.instances.length === 1);
  process.send("registered");
  await new Promise((resolve) => process.once("message", resolve));
  process.channel.unref();
  await registration.drain();
  await registration.close();
  await registrar.close();
  await directory.close();
`;

function run(address: string) {
  return spawn(
    process.execPath,
    ["--input-type=module", "--eval", program, address],
    { stdio: ["ignore", "inherit", "inherit", "ipc"] },
  );
}

describe("a process that closed everything", { timeout: 60_000 }, () => {
  for (const [how, begin] of [
    ["there", async () => {}],
    ["away", (_etcd, network) => network.cut()],
    ["frozen", (etcd) => etcd.freeze()],
  ] as readonly [string, (etcd: TestEtcd, network: Network) => unknown][]) {
    test(`ends by itself, etcd being ${how}`, async () => {
      await using etcd = await startEtcd();
      await using network = await createNetwork(etcd.address);
      const child = run(network.address);
      try {
        await once(child, "message");
        await begin(etcd, network);
        const exit = once(child, "exit");
        child.send("close");
        assert.deepEqual(await exit, [0, null]);
      } finally {
        child.kill("SIGKILL");
      }
      if (how === "there") {
        assert.equal(await etcd.etcdctl("get", "--prefix", "/portolan/"), "");
      }
    });
  }
});
