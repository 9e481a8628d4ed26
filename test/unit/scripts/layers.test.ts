// Tests scripts/layers.ts: the table of rooms, doors and cycles.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkLayers } from "../../../scripts/layers.ts";

/** The violations of one file that holds one line. */
function check(file: string, line: string): string[] {
  return checkLayers(new Map([[file, line]]));
}

describe("checkLayers() allows", () => {
  const table: [file: string, specifier: string][] = [
    ["core/instance.ts", "../gen/portolan/registry/v1/instance_pb.ts"],
    ["core/instance.ts", "./address.ts"],
    ["core/instance.ts", "@bufbuild/protobuf"],
    ["mesh/registry/etcd/lease.ts", "../../../core/index.ts"],
    ["mesh/registry/etcd/lease.ts", "../registry.ts"],
    ["mesh/client/transport.ts", "../balancer/index.ts"],
    ["gateway/router.ts", "../mesh/upstream/index.ts"],
    ["runtime/service.ts", "./config/index.ts"],
    ["services/greeter/main.ts", "../../runtime/index.ts"],
    ["cli/gateway.ts", "../gateway/index.ts"],
    ["test/e2e/a.test.ts", "../../gateway/index.ts"],
    ["test/e2e/a.test.ts", "../support/etcd.ts"],
    ["test/support/etcd.ts", "../../scripts/etcd.ts"],
    ["test/unit/wire/frame.test.ts", "../../../wire/h2/frame.ts"],
    ["test/package/project/client.ts", "portolan/runtime"],
  ];
  for (const [file, specifier] of table) {
    test(`${specifier} in ${file}`, () => {
      assert.deepEqual(check(file, `import { a } from "${specifier}";`), []);
    });
  }
});

describe("checkLayers() reports", () => {
  const table: [file: string, specifier: string, expected: RegExp][] = [
    ["core/a.ts", "../rpc/index.ts", /core may not import rpc$/],
    ["wire/a.ts", "../core/index.ts", /wire may not import core$/],
    ["mesh/balancer/a.ts", "../registry/index.ts", /may not import mesh/],
    ["mesh/registry/a.ts", "../client/index.ts", /may not import mesh\/client/],
    ["gateway/a.ts", "../mesh/client/index.ts", /may not import mesh\/client/],
    ["gateway/a.ts", "../services/say/index.ts", /may not import services/],
    ["cli/dev.ts", "../services/greeter/main.ts", /may not import services/],
    ["cli/dev.ts", "../runtime/config/index.ts", /not import runtime\/config/],
    [
      "gateway/a.ts",
      "../runtime/config/index.ts",
      /not import runtime\/config/,
    ],
    ["runtime/config/a.ts", "../service.ts", /may not import runtime$/],
    ["runtime/a.ts", "../test/support/etcd.ts", /may not import test$/],
    ["cli/a.ts", "../scripts/etcd.ts", /may not import scripts$/],
    ["rpc/a.ts", "../core/errors.ts", /door of core is its index.ts$/],
    ["mesh/client/a.ts", "../registry/etcd/a.ts", /door of mesh\/registry/],
    ["runtime/a.ts", "./config/flags.ts", /door of runtime\/config/],
    ["test/e2e/a.test.ts", "../../wire/frame.ts", /door of wire/],
    ["core/a.ts", "../globals.d.ts", /globals\.d\.ts, which is in no room$/],
    ["core/a.ts", "../mesh/index.ts", /mesh\/index\.ts, which is in no room$/],
    ["services/a.ts", "portolan/runtime", /name the folder, not this package$/],
  ];
  for (const [file, specifier, expected] of table) {
    test(`${specifier} in ${file}`, () => {
      const found = check(file, `import { a } from "${specifier}";`);
      assert.equal(found.length, 1);
      assert.match(found[0] ?? "", expected);
    });
  }

  for (const line of [
    'import type { A } from "../rpc/index.ts";',
    'export { a } from "../rpc/index.ts";',
    'export type * from "../rpc/index.ts";',
    'import "../rpc/index.ts";',
    'const a = await import("../rpc/index.ts");',
    'type A = import("../rpc/index.ts").A;',
  ]) {
    test(`a violation written as ${line}`, () => {
      assert.deepEqual(check("core/a.ts", line), [
        "core/a.ts: imports rpc/index.ts, but core may not import rpc",
      ]);
    });
  }

  test("a file in a folder that the table does not know", () => {
    assert.deepEqual(check("mesh/shared.ts", ""), [
      "mesh/shared.ts: is in no room",
    ]);
  });

  test("a cycle, even one of types alone", () => {
    const sources = new Map([
      ["core/a.ts", 'import type { B } from "./b.ts";'],
      ["core/b.ts", 'export type { C } from "./c.ts";'],
      ["core/c.ts", 'import type { A } from "./a.ts";'],
    ]);
    assert.deepEqual(checkLayers(sources), [
      "import cycle: core/a.ts -> core/b.ts -> core/c.ts -> core/a.ts",
    ]);
  });
});
