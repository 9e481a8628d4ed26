// Which options a registrar takes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { resolveEtcdRegistrarOptions } from "../../../../../mesh/registry/etcd/registrar-options.ts";

const hosts = ["127.0.0.1:2379"];

describe("the options of a registrar", () => {
  test("have the defaults that they document", () => {
    const { etcd, now, random, ...others } = resolveEtcdRegistrarOptions({
      hosts,
    });
    assert.deepEqual(etcd.hosts, hosts);
    assert.deepEqual(others, {
      leaseTtlSeconds: 15,
      renewalRatio: 1 / 3,
      checkIntervalSeconds: 15,
      retryMaxMs: 2_000,
      departureMs: 2_000,
    });
    assert.ok(now() <= performance.now());
    assert.ok(random() < 1);
  });

  test("check as often as a lease lives, unless told otherwise", () => {
    const options = { hosts, leaseTtlSeconds: 30 };
    assert.equal(resolveEtcdRegistrarOptions(options).checkIntervalSeconds, 30);
  });

  for (const wrong of [
    { leaseTtlSeconds: 1 },
    { leaseTtlSeconds: 2.5 },
    { leaseTtlSeconds: Number.NaN },
    { renewalRatio: 0.9 },
    { checkIntervalSeconds: 0 },
    { retryMaxMs: 0 },
    { departureMs: -1 },
  ]) {
    const [name = ""] = Object.keys(wrong);
    test(`${JSON.stringify(wrong)} is a usage error that names it`, () => {
      assert.throws(() => resolveEtcdRegistrarOptions({ hosts, ...wrong }), {
        code: "ERR_USAGE",
        message: new RegExp(name),
      });
    });
  }
});
