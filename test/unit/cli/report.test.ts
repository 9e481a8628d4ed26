import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  namesOf,
  secondsSinceRenewal,
  selectService,
  startedAtMs,
} from "../../../cli/report.ts";
import { createInstanceId } from "../../../core/index.ts";
import { greeter, NOW_MS, nonsense, report } from "./reports.ts";

describe("startedAtMs()", () => {
  test("is what the record says", () => {
    assert.equal(startedAtMs(greeter().instance), NOW_MS - 192_000);
  });

  test("is when a UUIDv7 was made, if the record does not say", () => {
    const id = createInstanceId(NOW_MS);
    const { startedAt: _, ...fields } = greeter({ id }).instance;
    assert.equal(startedAtMs({ ...fields }), NOW_MS);
  });

  for (const id of ["1", "f47ac10b-58cc-4372-a567-0e02b2c3d479"]) {
    test(`is unknown if the record does not say and the id is ${id}`, () => {
      const { startedAt: _, ...fields } = greeter({ id }).instance;
      assert.equal(startedAtMs({ ...fields }), undefined);
    });
  }
});

test("secondsSinceRenewal() is what is gone of the granted time", () => {
  const lease = { id: "1", grantedSeconds: 15 };
  assert.equal(secondsSinceRenewal({ ...lease, leftSeconds: 12 }), 3);
  assert.equal(secondsSinceRenewal({ ...lease, leftSeconds: 16 }), 0);
});

describe("selectService()", () => {
  const other = greeter({ name: "greeter2", services: ["a.v1.A"] });
  const whole = report([greeter(), other], [nonsense]);

  test("takes a registered name, and what stands malformed under it", () => {
    const { instances, malformed } = selectService(whole, "greeter");
    assert.deepEqual(instances, [whole.instances[0]]);
    assert.deepEqual(malformed, [nonsense]);
  });

  test("takes a proto service", () => {
    const { instances, malformed } = selectService(whole, "a.v1.A");
    assert.deepEqual(instances, [other]);
    assert.deepEqual(malformed, []);
  });

  test("takes whole names only", () => {
    assert.deepEqual(selectService(whole, "greet").instances, []);
    assert.deepEqual(selectService(whole, "greet").malformed, []);
  });
});

test("namesOf() has registered names and proto services, each once", () => {
  assert.deepEqual(
    [...namesOf(report([greeter(), greeter({ id: "2" })]))],
    ["greeter", "greeter.v1.GreeterService"],
  );
});
