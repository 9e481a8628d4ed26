// A gateway that starts while etcd is down, with what another one left.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startEtcd } from "../../support/etcd.ts";
import { startProgram } from "../../support/program.ts";
import { startGateway, startService } from "../../support/system.ts";
import { until } from "../../support/until.ts";

test("--registry-cache lets a gateway serve that starts while etcd is down", async () => {
  const dir = await mkdtemp(join(tmpdir(), "portolan-cache-flag-"));
  const flags = ["--registry-cache", join(dir, "registry.json")];
  try {
    await using etcd = await startEtcd();
    await using _service = await startService("services/greeter/main.ts", {
      etcd: etcd.address,
    });
    await using first = await startGateway({ etcd: etcd.address, flags });
    await until("the cache is written", () => existsSync(flags[1] ?? ""));
    await first.program.stop();
    await etcd.stop();

    await using second = startProgram({
      args: [
        ...["cli/main.ts", "gateway", "--listen", "127.0.0.1:0"],
        ...["--etcd", etcd.address, "--drain-delay", "0", ...flags],
      ],
    });
    const line = await second.line(
      ({ fields }) => fields["msg"] === "listening",
    );
    const response = await fetch(
      `http://${line.fields["address"]}/greeter.v1.GreeterService/Hello`,
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"name":"john"}',
      },
    );
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { greeting: "Hello john" });
    assert.equal(await second.stop(), 0);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
