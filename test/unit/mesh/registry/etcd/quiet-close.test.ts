// Leaving is no failure: the streams that are given up must not take the
// requests of the departure with them.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createEtcdDirectory,
  createEtcdRegistrar,
  registryFailures,
} from "../../../../../mesh/registry/index.ts";
import { startEtcd } from "../../../../support/etcd.ts";
import { instance, until } from "../support.ts";

test("a registration and a directory that end properly report no failure", async () => {
  await using etcd = await startEtcd();
  const failures: Error[] = [];
  const end = registryFailures.subscribe(({ reason }) => failures.push(reason));
  const hosts = [etcd.address];
  // Renewed early, so that the stream of renewals is open.
  await using registrar = createEtcdRegistrar({
    hosts,
    leaseTtlSeconds: 2,
    renewalRatio: 0.1,
  });
  await using directory = createEtcdDirectory({ hosts });
  const registration = registrar.register(instance());
  await registration.registered;
  await until(directory, ({ instances }) => instances.length === 1);
  const [lease] = (await etcd.etcdctl("lease", "list")).split("\n").slice(1);
  assert.ok(lease);
  await registration.drain();
  await registration.close();
  assert.doesNotMatch(await etcd.etcdctl("lease", "list"), new RegExp(lease));
  await registrar.close();
  await directory.close();
  end();
  assert.deepEqual(failures, []);
});
