// Tests core/instance.ts: records as the registry holds them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  createInstance,
  decodeInstance,
  encodeInstance,
  equalInstances,
  type Instance,
  Protocol,
  State,
} from "../../../core/instance.ts";

const full = createInstance({
  id: "1",
  name: "greeter",
  address: "[::1]:8881",
  version: "1.2.3",
  services: ["greeter.v1.GreeterService"],
  schemaDigest: "abc",
  protocols: [Protocol.GRPC, Protocol.CONNECT],
  state: State.SERVING,
  weight: 2,
  zone: "a",
  metadata: { host: "x" },
});

describe("encodeInstance()", () => {
  test("writes proto JSON with the names that other programs read", () => {
    assert.deepEqual(JSON.parse(encodeInstance(full)), {
      id: "1",
      name: "greeter",
      address: "[::1]:8881",
      version: "1.2.3",
      services: ["greeter.v1.GreeterService"],
      schemaDigest: "abc",
      protocols: ["PROTOCOL_GRPC", "PROTOCOL_CONNECT"],
      state: "STATE_SERVING",
      weight: 2,
      zone: "a",
      metadata: { host: "x" },
    });
  });

  test("leaves fields at their zero value out", () => {
    const instance = createInstance({ id: "1", address: "127.0.0.1:1" });
    assert.equal(
      encodeInstance(instance),
      '{"id":"1","address":"127.0.0.1:1"}',
    );
  });
});

describe("decodeInstance()", () => {
  test("reads what encodeInstance() wrote", () => {
    const decoded = decodeInstance(encodeInstance(full));
    assert.ok(!(decoded instanceof Error));
    assert.ok(equalInstances(decoded, full));
  });

  test("ignores fields of a newer version", () => {
    const record = { id: "1", address: "a:1", invented: { later: [1] } };
    const decoded = decodeInstance(JSON.stringify(record));
    assert.ok(!(decoded instanceof Error));
    assert.equal(decoded.id, "1");
  });

  test("ignores a state and a protocol of a newer version", () => {
    const record = {
      ...{ id: "1", address: "a:1", state: "STATE_INVENTED" },
      protocols: ["PROTOCOL_INVENTED", "PROTOCOL_GRPC"],
    };
    const decoded = decodeInstance(JSON.stringify(record));
    assert.ok(!(decoded instanceof Error));
    assert.equal(decoded.state, State.UNSPECIFIED);
    assert.deepEqual(decoded.protocols, [Protocol.GRPC]);
  });

  const malformed: [what: string, json: string, expected: string][] = [
    ["nothing", "", "not an instance record"],
    ["no JSON", "{", "not an instance record"],
    ["null", "null", "not an instance record"],
    ["an array", "[]", "not an instance record"],
    ["a text", '"greeter"', "not an instance record"],
    ["a wrong type", '{"id":"1","weight":"x"}', "not an instance record"],
    ["an empty record", "{}", "instance record without an id"],
    ["no id", '{"address":"a:1"}', "instance record without an id"],
    ["no address", '{"id":"1"}', "instance 1 has no usable address"],
    [
      "an address without a port",
      '{"id":"1","address":"a"}',
      "instance 1 has no usable address",
    ],
  ];
  for (const [what, json, expected] of malformed) {
    test(`returns an error for ${what}`, () => {
      const error = decodeInstance(json);
      assert.ok(error instanceof Error);
      assert.equal(error.message, expected);
    });
  }
});

describe("equalInstances()", () => {
  test("compares what records say, not which objects they are", () => {
    assert.ok(equalInstances(full, createInstance({ ...full })));
  });

  const changes: Partial<Instance>[] = [
    { id: "2" },
    { state: State.DRAINING },
    { services: [] },
    { metadata: { host: "y" } },
  ];
  for (const change of changes) {
    test(`sees another ${Object.keys(change)}`, () => {
      const other = createInstance({ ...full, ...change });
      assert.ok(!equalInstances(full, other));
    });
  }
});
