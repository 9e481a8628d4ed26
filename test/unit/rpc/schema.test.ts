import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KV } from "../../../gen/etcd/rpc_pb.ts";
import { GreeterService } from "../../../gen/greeter/v1/greeter_pb.ts";
import { SayService } from "../../../gen/say/v1/say_pb.ts";
import {
  createSchema,
  readRestRules,
  withImports,
} from "../../../rpc/index.ts";

describe("a schema", () => {
  const schema = createSchema([SayService, GreeterService]);

  it("holds every file that its services need, and no other", () => {
    assert.deepEqual([...schema.files.keys()].sort(), [
      "google/api/annotations.proto",
      "google/api/http.proto",
      "google/protobuf/descriptor.proto",
      "greeter/v1/greeter.proto",
      "say/v1/say.proto",
    ]);
  });

  it("finds the file of a service, a method, a message, a field, an enum, an extension", () => {
    for (const symbol of [
      "greeter.v1.GreeterService",
      "greeter.v1.GreeterService.Hello",
      "greeter.v1.HelloRequest",
      "greeter.v1.HelloRequest.name",
    ])
      assert.equal(schema.symbols.get(symbol), "greeter/v1/greeter.proto");
    assert.equal(
      schema.symbols.get("google.protobuf.FieldOptions.CType"),
      "google/protobuf/descriptor.proto",
    );
    assert.equal(
      schema.symbols.get("google.api.http"),
      "google/api/annotations.proto",
    );
    assert.equal(
      schema.extensions.get("google.protobuf.MethodOptions")?.get(72295728),
      "google/api/annotations.proto",
    );
  });

  it("lists a file first and then all it imports, each once", () => {
    const names = withImports(schema, "greeter/v1/greeter.proto").map(
      ({ name }) => name,
    );
    assert.equal(names[0], "greeter/v1/greeter.proto");
    assert.deepEqual(names.slice(1).sort(), [
      "google/api/annotations.proto",
      "google/api/http.proto",
      "google/protobuf/descriptor.proto",
    ]);
    assert.deepEqual(withImports(schema, "no/such.proto"), []);
  });

  it("has a digest that depends on the services, not on their order", () => {
    const same = createSchema([GreeterService, SayService]);
    assert.equal(same.digest, schema.digest);
    assert.notEqual(createSchema([GreeterService]).digest, schema.digest);
    assert.match(schema.digest, /^sha256:[0-9a-f]{64}$/);
  });
});

describe("the REST rules of a service", () => {
  it("are read from its descriptors", () => {
    assert.deepEqual(readRestRules(GreeterService), {
      routes: [
        {
          verb: "POST",
          path: "/greeter/hello",
          service: "greeter.v1.GreeterService",
          rpcPath: "/greeter.v1.GreeterService/Hello",
        },
      ],
      unsupported: [],
    });
  });

  it("may be none", () => {
    const none = { routes: [], unsupported: [] };
    assert.deepEqual(readRestRules(SayService), none);
  });

  it("may be many", () => {
    const paths = readRestRules(KV).routes.map(({ path }) => path);
    assert.ok(paths.includes("/v3/kv/range"));
  });
});
