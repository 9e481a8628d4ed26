// No request outlives its deadline, whatever the other side does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createConnection } from "../../../../../mesh/registry/etcd/connection.ts";
import { resolveEtcdOptions } from "../../../../../mesh/registry/etcd/options.ts";
import { startTcpProxy } from "../../../../support/tcp-proxy.ts";

test("a request to one that never answers ends by its deadline", async () => {
  await using hole = await startTcpProxy("127.0.0.1:1");
  hole.stall();
  const table = [{}, { tls: {} }, { user: "mesh", password: "x" }];
  await Promise.all(
    table.map(async (more) => {
      const options = { hosts: [hole.address], ...more };
      const connection = createConnection(resolveEtcdOptions(options));
      const asked = connection.client().kv.range({ key: Buffer.from("x") });
      const error = await asked.then(() => assert.fail(), connection.explain);
      connection.drop();
      assert.match(error.message, /^etcd at \S+ did not answer in time/);
    }),
  );
});
