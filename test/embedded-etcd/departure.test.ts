// Leaving is no failure: the streams to etcd that are given up must not take
// the requests of the departure with them. Of the two etcds this one shows it:
// its streams end later than the lease is asked to.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startEmbeddedEtcd } from "../../embedded-etcd/index.ts";
import { startService } from "../support/system.ts";

test("a service that ends properly reports no failure of the registry", async () => {
  await using etcd = await startEmbeddedEtcd();
  await using service = await startService("services/greeter/main.ts", {
    etcd: etcd.address,
  });
  assert.equal(await service.program.stop(), 0);
  const failures = service.program.lines.filter(
    ({ fields }) => fields["msg"] === "registry failed, trying on",
  );
  assert.deepEqual(failures, []);
});
