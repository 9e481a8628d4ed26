// buf curl as a person types it, without a schema: it asks by reflection.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { buf } from "../support/command.ts";
import { type Mesh, startMesh } from "../support/mesh.ts";

const greeter = "greeter.v1.GreeterService";
const john = ["--data", '{"name":"john"}'];

// Each start of buf costs a third of a second of processor time.
suite("buf curl", { concurrency: 4 }, () => {
  let mesh: Mesh;
  before(async () => {
    mesh = await startMesh({
      "services/greeter/main.ts": greeter,
      "services/say/main.ts": "say.v1.SayService",
    });
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  const places = {
    "the service": () => mesh.services[0]?.url ?? "",
    "the gateway": () => mesh.gateway.url,
  };
  const protocols = [
    [],
    ["--protocol", "connect"],
    ["--protocol", "grpc"],
    ["--protocol", "grpcweb"],
  ];
  for (const [place, url] of Object.entries(places)) {
    const method = (name: string) => `${url()}/${greeter}/${name}`;

    for (const flags of protocols) {
      const name = flags.length === 0 ? "no flags" : flags.join(" ");
      suite(`${name} at ${place}`, { concurrency: true }, () => {
        test("a call is answered", async () => {
          const answer = await buf("curl", ...flags, method("Hello"), ...john);
          assert.equal(answer.stderr, "");
          assert.deepEqual(JSON.parse(answer.stdout), {
            greeting: "Hello john",
          });
          assert.equal(answer.code, 0);
        });

        // Without a flag it is the same Connect.
        if (flags.length === 0) return;

        test("streams of both sides are answered", async () => {
          const lines = ["--data", '{"line":"a"}{"line":"b"}'];
          const answer = await buf("curl", ...flags, method("Chat"), ...lines);
          assert.equal(answer.stderr, "");
          assert.match(answer.stdout, /You said: a.*You said: b/s);
        });

        test("a failure is told with its code and its reason", async () => {
          const from = ["--data", '{"from":-1}'];
          const answer = await buf(
            ...["curl", ...flags, method("Countdown"), ...from],
          );
          // The exit code is the code of invalid_argument (3), times 8.
          assert.equal(answer.code, 3 << 3);
          const { code, message } = JSON.parse(answer.stderr);
          assert.equal(code, "invalid_argument");
          assert.equal(message, "from must be between 0 and 1000, not -1");
        });
      });
    }

    suite(`what there is at ${place}`, { concurrency: true }, () => {
      const own = ["greeter.v1.GreeterService"];
      const merged = [...own, "say.v1.SayService"];
      const infrastructure = [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
      ];

      test("--list-services names every service", async () => {
        const { stdout, stderr } = await buf("curl", "--list-services", url());
        assert.equal(stderr, "");
        const services = place === "the gateway" ? merged : own;
        assert.deepEqual(
          stdout.trim().split("\n").sort(),
          [...services, ...infrastructure].sort(),
        );
      });

      test("--list-methods names every method", async () => {
        const { stdout, stderr } = await buf("curl", "--list-methods", url());
        assert.equal(stderr, "");
        const methods = stdout.trim().split("\n");
        for (const name of ["Hello", "Countdown", "HelloAll", "Chat"])
          assert.ok(methods.includes(`${greeter}/${name}`), name);
        assert.ok(methods.includes("grpc.health.v1.Health/Check"));
        assert.equal(
          methods.includes("say.v1.SayService/Hello"),
          place === "the gateway",
        );
      });

      test("both versions of reflection describe a service", async () => {
        for (const reflection of ["grpc-v1", "grpc-v1alpha"]) {
          const { stdout } = await buf(
            ...["curl", "--reflect-protocol", reflection],
            ...[method("Hello"), ...john],
          );
          assert.match(stdout, /Hello john/, reflection);
        }
      });

      test("health says that the service is up", async () => {
        const check = `${url()}/grpc.health.v1.Health/Check`;
        for (const service of ["", greeter]) {
          const data = JSON.stringify({ service });
          const { stdout } = await buf("curl", check, "--data", data);
          assert.deepEqual(JSON.parse(stdout), { status: "SERVING" });
        }
      });

      test("a name that nobody knows is told as unknown", async () => {
        const { code, stderr } = await buf("curl", `${url()}/no.v1.No/Hello`);
        assert.equal(code, 1);
        assert.match(stderr, /no\.v1\.No/);
      });
    });
  }
});
