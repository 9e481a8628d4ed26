// What a gateway with a thousand instances asks of etcd, as etcd counts it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { State } from "../../../core/index.ts";
import {
  createEtcdRegistrar,
  type Registration,
} from "../../../mesh/registry/index.ts";
import { startEtcd, type TestEtcd } from "../../support/etcd.ts";
import { isSynced, one, open, until } from "./support.ts";

const INSTANCES = 1_000;
const SERVICES = 100;
const PAGE_KEYS = 500;

describe("a directory with a thousand instances", { timeout: 60_000 }, () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd[Symbol.asyncDispose]());

  /** How many requests and streams etcd has seen begin, of one method. */
  async function started(method: string): Promise<number> {
    const response = await fetch(`${etcd.url}/metrics`);
    const metric = new RegExp(
      `^grpc_server_started_total{grpc_method="${method}".* (\\d+)$`,
      "m",
    );
    return Number(metric.exec(await response.text())?.[1]);
  }

  test("lists once, watches once, and asks nothing more when things change", async () => {
    // Long times: what the registrar does must not be counted.
    await using registrar = createEtcdRegistrar({
      hosts: [etcd.address],
      leaseTtlSeconds: 600,
    });
    const registrations: Registration[] = [];
    for (let i = 0; i < INSTANCES; i++) {
      const services = [`s${i % SERVICES}.v1.Service`];
      registrations.push(registrar.register(one(`i${i}`, { services })));
    }
    await Promise.all(registrations.map(({ registered }) => registered));
    const before = {
      Range: await started("Range"),
      Watch: await started("Watch"),
    };

    await using directory = open(etcd.address, { pageKeys: PAGE_KEYS });
    await until(directory, isSynced);
    assert.equal(directory.snapshot.instances.length, INSTANCES);
    assert.equal(directory.snapshot.serving.size, SERVICES);
    const leaving = registrations.slice(0, 50);
    await Promise.all(leaving.map((registration) => registration.drain()));
    await until(
      directory,
      ({ instances }) =>
        instances.filter(({ state }) => state === State.DRAINING).length ===
        leaving.length,
    );

    const pages = INSTANCES / PAGE_KEYS;
    assert.equal(await started("Range"), before.Range + pages);
    assert.equal(await started("Watch"), before.Watch + 1);
    assert.equal(await started("LeaseGrant"), 1);
    assert.equal(await started("LeaseKeepAlive"), 1);
  });
});
