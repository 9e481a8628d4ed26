import assert from "node:assert/strict";
import { after, before, describe, suite, test } from "node:test";
import { encodeInstance, State } from "../../../../../core/index.ts";
import {
  deriveState,
  type InspectedState,
  inspectEtcd,
} from "../../../../../mesh/registry/etcd/inspect.ts";
import { instanceKey } from "../../../../../mesh/registry/record.ts";
import { startEtcd, type TestEtcd } from "../../../../support/etcd.ts";
import { freePorts } from "../../../../support/ports.ts";
import { instance } from "../support.ts";

describe("deriveState()", () => {
  const { SERVING, DRAINING } = State;
  // Renewed after 5.5 s at the latest; then 9.5 s of 15 s are left, shown as 9.
  const cases: readonly [State, number, number, InspectedState][] = [
    [SERVING, 15, 15, "live"],
    [SERVING, 15, 9, "live"],
    [SERVING, 15, 8, "unsure"],
    [SERVING, 15, 0, "unsure"],
    [SERVING, 2, 1, "live"],
    [SERVING, 2, 0, "unsure"],
    [SERVING, 0, 0, "gone"],
    [DRAINING, 15, 15, "draining"],
    [DRAINING, 15, 0, "draining"],
    [DRAINING, 0, 0, "gone"],
  ];
  for (const [state, grantedSeconds, leftSeconds, expected] of cases) {
    test(`${State.DRAINING === state ? "draining" : "serving"} with ${leftSeconds} of ${grantedSeconds} s left is ${expected}`, () => {
      const lease = { id: "1", grantedSeconds, leftSeconds };
      assert.equal(deriveState(instance({ state }), lease), expected);
    });
  }

  test("without a lease is just that, draining or not", () => {
    for (const state of [SERVING, DRAINING])
      assert.equal(deriveState(instance({ state }), undefined), "no lease");
  });
});

suite("inspectEtcd()", () => {
  let etcd: TestEtcd;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd?.[Symbol.asyncDispose]());

  test("tells of instances with their leases, of ghosts, and of nonsense", async () => {
    const leased = instance({ name: "a" });
    const ghost = instance({ name: "b" });
    const granted = await etcd.etcdctl("lease", "grant", "60");
    const [, lease = ""] = /lease ([0-9a-f]+) /.exec(granted) ?? [];
    const put = (key: string, value: string, ...flags: string[]) =>
      etcd.etcdctl("put", ...flags, key, value);
    await put(instanceKey(leased), encodeInstance(leased), `--lease=${lease}`);
    await put(instanceKey(ghost), encodeInstance(ghost));
    await put("/portolan/v1/instances/c/1", "nonsense", `--lease=${lease}`);

    const report = await inspectEtcd({ hosts: [etcd.address] });
    assert.deepEqual(
      report.instances.map(({ key, state, lease: held }) => [
        key,
        state,
        held?.id,
        held?.grantedSeconds,
      ]),
      [
        [instanceKey(leased), "live", lease, 60],
        [instanceKey(ghost), "no lease", undefined, undefined],
      ],
    );
    assert.deepEqual(report.instances[0]?.instance, leased);
    const [malformed] = report.malformed;
    assert.equal(malformed?.key, "/portolan/v1/instances/c/1");
    assert.equal(malformed.value, "nonsense");
    assert.equal(malformed.lease?.id, lease);
    assert.equal(malformed.reason.message, "not an instance record");
    assert.equal(report.revision, malformed.revision);
  });

  test("asks another member if one is away", async () => {
    const hosts = ["127.0.0.1:1", etcd.address];
    for (let i = 0; i < 2; i++) await inspectEtcd({ hosts });
  });

  test("rejects when etcd is away", async () => {
    const [port] = await freePorts(1);
    const hosts = [`127.0.0.1:${port}`];
    await assert.rejects(inspectEtcd({ hosts, timeoutMs: 200 }), {
      code: "ERR_REGISTRY_UNAVAILABLE",
    });
  });

  test("rejects when etcd is frozen", async () => {
    await using other = await startEtcd();
    other.process.kill("SIGSTOP");
    await assert.rejects(
      inspectEtcd({ hosts: [other.address], timeoutMs: 100 }),
      { code: "ERR_REGISTRY_UNAVAILABLE" },
    );
  });
});
