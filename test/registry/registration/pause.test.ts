// S8: a process is frozen for longer than its lease lives, and goes on.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startEtcd, type TestEtcd } from "../../support/etcd.ts";
import { type Program, startProgram } from "../../support/program.ts";
import { instance } from "../../unit/mesh/registry/support.ts";
import { leases, openRegistrar, records, watchHistory } from "./support.ts";

describe("a process that was frozen", { timeout: 60_000 }, () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd?.[Symbol.asyncDispose]());

  const startService = (id: string) =>
    startProgram({
      args: ["test/registry/registration/service-process.ts", etcd.address, id],
    });
  const states = ({ lines }: Program) =>
    lines.flatMap(({ fields }) => fields["to"] ?? []);
  const reached = (program: Program, ...wanted: string[]) =>
    program.line(() => states(program).join().startsWith(wanted.join()));

  test("S8: it does not believe that it is live, and is back once", async () => {
    await using history = await watchHistory(etcd);
    await using service = startService("1");
    await reached(service, "live");
    const [before] = await records(etcd);
    service.process.kill("SIGSTOP");
    await history.count("DELETE", 1);
    service.process.kill("SIGCONT");
    await reached(service, "live", "unsure", "lost", "live");
    const [now, ...others] = await records(etcd);
    assert.deepEqual(others, []);
    assert.equal(now?.value, before?.value);
    assert.deepEqual(await leases(etcd), [now?.lease]);
    assert.equal(await service.stop(), 0);
    assert.deepEqual(await records(etcd), []);
  });

  test("it leaves its fixed id to the process that took it meanwhile, until that one leaves", async () => {
    await using history = await watchHistory(
      etcd,
      "/portolan/v1/instances/greeter/2",
    );
    await using service = startService("2");
    await reached(service, "live");
    const [before] = await records(etcd);
    service.process.kill("SIGSTOP");
    await history.count("DELETE", 1);
    await using registrar = openRegistrar(etcd.address);
    const other = registrar.register(
      instance({ id: "2", address: "127.0.0.1:7002" }),
    );
    await other.registered;
    const [held] = await records(etcd);
    service.process.kill("SIGCONT");
    await service.line(({ fields }) =>
      /is held by/.test(String(fields["failure"])),
    );
    await other.drain();
    await other.close();
    await reached(service, "live", "unsure", "lost", "live");
    const writes = history.happenings.map(({ type, value }) =>
      type === "DELETE" ? type : JSON.parse(value).nonce,
    );
    const [ours, theirs] = [before, held].map(
      (one) => JSON.parse(one?.value ?? "").nonce,
    );
    assert.deepEqual(writes, [ours, "DELETE", theirs, theirs, "DELETE", ours]);
    assert.equal(await service.stop(), 0);
  });
});
