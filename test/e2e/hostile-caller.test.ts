// What one caller sends must not be felt by another.

import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { startEtcd, type TestEtcd } from "../support/etcd.ts";
import {
  type Running,
  type RunningService,
  schemaLearned,
  startGateway,
  startService,
} from "../support/system.ts";

const BODY = '{"name":"john"}';

describe("a hostile caller of the gateway", { timeout: 60_000 }, () => {
  let etcd: TestEtcd;
  let service: RunningService;
  let gateway: Running;
  before(async () => {
    etcd = await startEtcd();
    service = await startService("services/greeter/main.ts", {
      etcd: etcd.address,
    });
    gateway = await startGateway({ etcd: etcd.address });
    await schemaLearned(gateway, "greeter.v1.GreeterService");
  });
  after(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
  });

  /** Call Hello over HTTP/1.1; resolves with the status. */
  function hello(host: string): Promise<number | undefined> {
    const url = `${gateway.url}/greeter/hello`;
    const headers = { "content-type": "application/json", host };
    return new Promise((resolve, reject) => {
      request(url, { method: "POST", headers, agent: false }, (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode));
      })
        .on("error", reject)
        .end(BODY);
    });
  }

  for (const host of ["", "a b", "<>", "a\tb", "user@host", "h\u00e9"]) {
    test(`with the host ${JSON.stringify(host)} is served, and no instance blamed`, async () => {
      assert.equal(await hello(host), 200);
      const failed = gateway.program.lines.filter(
        ({ fields }) => fields["msg"] === "instance failed a call",
      );
      assert.deepEqual(failed, []);
    });
  }

  test("with a body that swells when it is unpacked is refused", async () => {
    const response = await fetch(`${gateway.url}/grpc.health.v1.Health/Check`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "content-encoding": "gzip",
      },
      body: gzipSync(Buffer.alloc(1 << 20, " ")),
    });
    assert.equal(response.status, 429);
    const error = (await response.json()) as { code: string };
    assert.equal(error.code, "resource_exhausted");
  });
});
