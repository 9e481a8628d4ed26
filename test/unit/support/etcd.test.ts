// Tests what tests can do to an etcd.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { makeTemporaryDir } from "../../support/at-exit.ts";
import {
  type Certificates,
  makeCertificates,
} from "../../support/certificates.ts";
import { run } from "../../support/command.ts";
import { quickElection, startEtcd } from "../../support/etcd.ts";
import { stillRunning } from "../../support/processes.ts";
import { startProgram } from "../../support/program.ts";
import { until } from "../../support/until.ts";

let certificates: Certificates;

before(async () => {
  certificates = await makeCertificates();
});

after(() => certificates[Symbol.asyncDispose]());

test("an etcd that was killed comes back with its data or without", async () => {
  await using etcd = await startEtcd({ flags: quickElection });
  await etcd.etcdctl("put", "a", "1");
  assert.equal((await etcd.status()).revision, 2);
  await etcd.stop();
  assert.equal(etcd.state, "stopped");
  await etcd.start();
  assert.equal(await etcd.etcdctl("get", "a"), "a\n1\n");
  await assert.rejects(etcd.start(), /runs already/);
  await etcd.stop();
  await etcd.start("no data");
  assert.equal(await etcd.etcdctl("get", "a"), "");
  const { revision, leaderId, memberId } = await etcd.status();
  assert.deepEqual([revision, leaderId], [1, memberId]);
});

test("a frozen etcd is silent until it is thawed, and can be killed", async () => {
  await using etcd = await startEtcd({ flags: quickElection });
  await etcd.freeze();
  assert.equal(etcd.state, "frozen");
  const limits = ["--dial-timeout=200ms", "--command-timeout=200ms"];
  await assert.rejects(etcd.etcdctl(...limits, "get", "a"), /deadline/);
  await etcd.thaw();
  assert.equal(etcd.state, "running");
  await etcd.etcdctl("put", "a", "1");
  await etcd.freeze();
  await etcd.stop();
  await etcd.start();
  assert.equal(await etcd.etcdctl("get", "a"), "a\n1\n");
});

test("an etcd with TLS and client certificates talks to nobody without one", async () => {
  const { server, client, caFile } = certificates;
  const tls = { caFile, ...server, requireClientCert: true };
  await using etcd = await startEtcd({ tls, flags: quickElection });
  assert.equal(etcd.url, `https://${etcd.address}`);
  await etcd.etcdctl("put", "a", "1");
  const curl = (...more: string[]) =>
    run("curl", ["-s", "--cacert", caFile, ...more, `${etcd.url}/health`]);
  const identity = ["--cert", client.certFile, "--key", client.keyFile];
  assert.match((await curl(...identity)).stdout, /true/);
  assert.notEqual((await curl()).code, 0);
});

test("an etcd with a user lets it have its prefix, and does so again when its data is wiped", async () => {
  const { server, caFile } = certificates;
  const auth = { user: "portolan", password: "secret", prefix: "/portolan/" };
  const tls = { caFile, ...server };
  await using etcd = await startEtcd({ auth, tls, flags: quickElection });
  const put = (key: string, ...user: string[]) =>
    etcd.etcdctl("put", key, "1", ...user);
  // Later flags win over root's.
  const user = ["--user=portolan", "--password=secret"];
  const check = async () => {
    await put("/elsewhere");
    await put("/portolan/a", ...user);
    await assert.rejects(put("/elsewhere", ...user), /permission denied/);
    await assert.rejects(put("/portolan/a", "--password=wrong"), /fail/);
  };
  await check();
  await etcd.stop();
  await etcd.start("no data");
  await check();
});

test("a user without a prefix may write everywhere, and root needs no other", async () => {
  for (const user of ["portolan", "root"]) {
    const auth = { user, password: "secret" };
    await using etcd = await startEtcd({ auth, flags: quickElection });
    await etcd.etcdctl("put", "a", "1", `--user=${user}`, "--password=secret");
    assert.equal(await etcd.etcdctl("get", "a"), "a\n1\n");
  }
});

test("flags are passed on, and an etcd that ends at its start is an error at once", async () => {
  const flags = ["--max-txn-ops", "1"];
  await using etcd = await startEtcd({ flags, watchProgressMs: 500 });
  assert.equal(etcd.state, "running");
  const ending = startEtcd({ flags: ["--version"] });
  await assert.rejects(ending, /ended at its start/);
});

describe("nothing is left of a test process", { concurrency: true }, () => {
  for (const [how, end] of [
    ["is ended by SIGTERM", "SIGTERM"],
    ["is ended by SIGINT", "SIGINT"],
    ["exits", "exit"],
    ["throws", "throw"],
  ] as const) {
    test(`that ${how}`, async () => {
      await using dir = await makeTemporaryDir("holder");
      await using holder = startProgram({
        args: ["test/unit/support/etcd-holder.ts", end],
        env: { TMPDIR: dir.path },
      });
      const line = await holder.line(({ fields }) => "pid" in fields);
      if (end === "SIGTERM" || end === "SIGINT") {
        assert.equal(await holder.stop(end), end);
      } else {
        assert.equal(await holder.exited, end === "exit" ? 0 : 1);
      }
      assert.deepEqual(await readdir(dir.path), []);
      const pid = Number(line.fields["pid"]);
      // A kill takes a moment.
      await until("etcd is gone", async () => {
        return (await stillRunning([pid])).length === 0;
      });
    });
  }
});
