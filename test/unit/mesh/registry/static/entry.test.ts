// What may be written in --static, and what it means.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { State } from "../../../../../core/index.ts";
import {
  parseStatic,
  toInstances,
} from "../../../../../mesh/registry/static/entry.ts";

const greeter = {
  service: "greeter.v1.GreeterService",
  addresses: ["127.0.0.1:8881", "127.0.0.1:8882"],
};
const say = { service: "say.v1.SayService", addresses: ["[::1]:7"] };

describe("parseStatic()", () => {
  const both = [greeter, say];
  for (const [text, expected] of [
    ["greeter.v1.GreeterService=127.0.0.1:8881,127.0.0.1:8882", [greeter]],
    ["greeter.v1.GreeterService = 127.0.0.1:8881, 127.0.0.1:8882;", [greeter]],
    [
      "greeter.v1.GreeterService=127.0.0.1:8881,127.0.0.1:8882;say.v1.SayService=[::1]:7",
      both,
    ],
    [
      " greeter.v1.GreeterService=127.0.0.1:8881,127.0.0.1:8882\n say.v1.SayService=[::1]:7\n",
      both,
    ],
    ["Echo=echo:80", [{ service: "Echo", addresses: ["echo:80"] }]],
  ] as const) {
    test(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseStatic(text), expected);
    });
  }

  for (const [text, message] of [
    ["", "there is no service=host:port[,host:port] in it"],
    [" ; ", "there is no service=host:port[,host:port] in it"],
    ["127.0.0.1:1", '"127.0.0.1:1" is not service=host:port[,host:port]'],
    ["a.A=h:1=h:2", '"a.A=h:1=h:2" is not service=host:port[,host:port]'],
    ["=h:1", '"" is not the full name of a proto service'],
    ["/a.A/M=h:1", '"/a.A/M" is not the full name of a proto service'],
    ["a..A=h:1", '"a..A" is not the full name of a proto service'],
    ["a.A=", 'a.A: "" is not host:port'],
    ["a.A=h:1,", 'a.A: "" is not host:port'],
    ["a.A=http://h:1", 'a.A: "http://h:1" is not host:port'],
    ["a.A=h:0", 'a.A: "h:0" has no port to call'],
    ["a.A=0.0.0.0:1", 'a.A: "0.0.0.0:1" is an address to listen on'],
  ] as const) {
    test(`says what is wrong with ${JSON.stringify(text)}`, () => {
      const error = parseStatic(text);
      assert.ok(error instanceof Error);
      assert.ok(error.message.startsWith(message), error.message);
    });
  }
});

describe("toInstances()", () => {
  test("makes one instance of each address, whatever it serves", () => {
    const more = { service: "a.v1.A", addresses: ["127.0.0.1:8881"] };
    const instances = toInstances([greeter, more, more]);
    assert.deepEqual(
      instances.map(({ id, name, address, services, state, schemaDigest }) => ({
        ...{ id, name, address, services, state, schemaDigest },
      })),
      ["127.0.0.1:8881", "127.0.0.1:8882"].map((address, i) => ({
        id: `static:${address}`,
        name: "static",
        address,
        services: i === 0 ? ["a.v1.A", greeter.service] : [greeter.service],
        state: State.SERVING,
        schemaDigest: "",
      })),
    );
  });

  test("makes the same instances again of the same entries", () => {
    assert.deepEqual(toInstances([greeter, say]), toInstances([greeter, say]));
  });
});
