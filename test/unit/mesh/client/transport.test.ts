// The mesh transport with real servers: whom it calls, and how.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Code, createClient, type Interceptor } from "@connectrpc/connect";
import { GreeterService } from "../../../../gen/greeter/v1/greeter_pb.ts";
import { createMeshTransport } from "../../../../mesh/client/index.ts";
import {
  createEtcdDirectory,
  createEtcdRegistrar,
  createMemoryRegistry,
} from "../../../../mesh/registry/index.ts";
import { startEtcd } from "../../../support/etcd.ts";
import { instance, until } from "../registry/support.ts";
import { startGreeter } from "./greeter.ts";
import { openMesh, rejectsWith } from "./mesh.ts";

for (const useShortWay of [true, false])
  describe(`the mesh transport, ${useShortWay ? "the short way" : "Connect's way"},`, {
    timeout: 30_000,
  }, () => {
    test("takes three instances in turn, exactly", async () => {
      await using mesh = await openMesh(3, { useShortWay });
      const answers: string[] = [];
      for (let i = 0; i < 9; i++) {
        answers.push((await mesh.client.hello({ name: "john" })).greeting);
      }
      assert.deepEqual(
        mesh.greeters.map(({ calls }) => calls),
        [3, 3, 3],
      );
      assert.deepEqual(answers.slice(0, 3), answers.slice(3, 6));
      assert.deepEqual(answers.slice(0, 3), answers.slice(6, 9));
    });

    test("carries all four kinds of streams", async () => {
      await using mesh = await openMesh(1, { useShortWay });
      const [greeter] = mesh.greeters;
      assert.equal(
        (await mesh.client.hello({ name: "john" })).greeting,
        greeter?.address,
      );
      const lines: string[] = [];
      for await (const { line } of mesh.client.countdown({ from: 1 })) {
        lines.push(line);
      }
      assert.deepEqual(lines, [greeter?.address]);
      async function* three() {
        for (const text of ["a", "b", "c"]) yield { name: text, line: text };
      }
      assert.equal((await mesh.client.helloAll(three())).count, 3);
      const echoes: string[] = [];
      for await (const { line } of mesh.client.chat(three())) echoes.push(line);
      assert.deepEqual(echoes, ["a", "b", "c"]);
    });

    test("sends no new call to an instance that drains", async () => {
      await using mesh = await openMesh(2, { useShortWay });
      await mesh.registrations[0]?.drain();
      for (let i = 0; i < 4; i++) await mesh.client.hello({ name: "john" });
      assert.deepEqual(
        mesh.greeters.map(({ calls }) => calls),
        [0, 4],
      );
    });

    test("uses an instance that comes later", async () => {
      await using mesh = await openMesh(1, { useShortWay });
      await mesh.client.hello({ name: "john" });
      await using late = await startGreeter();
      mesh.registrar.register(instance({ id: "late", address: late.address }));
      for (let i = 0; i < 4; i++) await mesh.client.hello({ name: "john" });
      assert.equal(late.calls, 2);
    });

    test("closes the connection to an instance that left, after its last call", async () => {
      await using mesh = await openMesh(1, { useShortWay });
      const departed = Promise.withResolvers<void>();
      async function* lines() {
        yield { line: "before" };
        await departed.promise;
        yield { line: "after" };
      }
      const chat = mesh.client.chat(lines())[Symbol.asyncIterator]();
      assert.equal((await chat.next()).value?.line, "before");
      await mesh.registrations[0]?.close();
      departed.resolve();
      assert.equal((await chat.next()).value?.line, "after");
      assert.equal((await chat.next()).done, true);
      await mesh.greeters[0]?.disconnected;
    });

    test("closes the connection to an instance that left, after a stream that was given up", async () => {
      await using mesh = await openMesh(1, { useShortWay });
      const caller = new AbortController();
      const lines = mesh.client.countdown(
        { from: 2 },
        { signal: caller.signal },
      );
      await lines[Symbol.asyncIterator]().next();
      await mesh.registrations[0]?.close();
      caller.abort();
      await mesh.greeters[0]?.disconnected;
    });

    test("closes the connection to an instance that left while it was idle", async () => {
      await using mesh = await openMesh(1, { useShortWay });
      await mesh.client.hello({ name: "john" });
      await mesh.registrations[0]?.close();
      await mesh.greeters[0]?.disconnected;
    });

    test("calls only instances that are registered under the given name", async () => {
      const { registrar, directory } = createMemoryRegistry();
      await using foo = await startGreeter();
      await using foobar = await startGreeter();
      registrar.register(instance({ name: "foo", address: foo.address }));
      registrar.register(instance({ name: "foobar", address: foobar.address }));
      await using transport = createMeshTransport({
        directory,
        name: "foo",
        useShortWay,
      });
      const client = createClient(GreeterService, transport);
      for (let i = 0; i < 3; i++) await client.hello({ name: "john" });
      assert.deepEqual([foo.calls, foobar.calls], [3, 0]);
      await using none = createMeshTransport({ directory, name: "fo" });
      await assert.rejects(
        createClient(GreeterService, none).hello({ name: "john" }),
        rejectsWith(Code.Unavailable, /registered as "fo"/),
      );
    });

    test("runs interceptors once per call, in order, around the choice", async () => {
      const log: string[] = [];
      const logger =
        (name: string): Interceptor =>
        (next) =>
        async (request) => {
          log.push(`${name} ${request.url}`);
          request.header.set(`x-${name}`, "yes");
          try {
            return await next(request);
          } finally {
            log.push(`${name} done`);
          }
        };
      await using mesh = await openMesh(1, {
        interceptors: [logger("outer"), logger("inner")],
      });
      await mesh.client.hello({ name: "john" }, { headers: { "x-own": "1" } });
      const url = "mesh:///greeter.v1.GreeterService/Hello";
      const expected = [
        `outer ${url}`,
        `inner ${url}`,
        "inner done",
        "outer done",
      ];
      assert.deepEqual(log, expected);
      const header = mesh.greeters[0]?.last?.requestHeader;
      assert.deepEqual(
        ["x-outer", "x-inner", "x-own"].map((name) => header?.get(name)),
        ["yes", "yes", "1"],
      );
      log.length = 0;
      await mesh.registrations[0]?.close();
      await assert.rejects(
        mesh.client.hello({ name: "john" }),
        rejectsWith(Code.Unavailable, /./),
      );
      assert.deepEqual(log, expected);
    });

    test("tells the instance how much time the call has", async () => {
      await using mesh = await openMesh(1, { useShortWay });
      await mesh.client.hello({ name: "john" }, { timeoutMs: 20_000 });
      const timeoutMs = mesh.greeters[0]?.last?.timeoutMs() ?? Infinity;
      assert.ok(timeoutMs <= 20_000, String(timeoutMs));
      await assert.rejects(
        mesh.client.hello({ name: "hang" }, { timeoutMs: 50 }),
        rejectsWith(Code.DeadlineExceeded, /./),
      );
    });

    test("calls an instance that was reached before it restarted on the same port", async () => {
      await using mesh = await openMesh(1, { useShortWay });
      await mesh.client.hello({ name: "john" });
      assert.equal(mesh.greeters[0]?.connections, 1);
      await mesh.registrations[0]?.close();
      const { address = "" } = mesh.greeters[0] ?? {};
      mesh.registrar.register(instance({ id: "again", address }));
      await mesh.client.hello({ name: "john" });
      assert.equal(mesh.greeters[0]?.calls, 2);
    });
  });

describe("the mesh transport on etcd", { timeout: 30_000 }, () => {
  test("finds instances, and goes on while etcd is away", async () => {
    await using etcd = await startEtcd();
    await using greeter = await startGreeter();
    await using registrar = createEtcdRegistrar({ hosts: [etcd.address] });
    await using directory = createEtcdDirectory({ hosts: [etcd.address] });
    await registrar.register(instance({ address: greeter.address })).registered;
    await using transport = createMeshTransport({ etcd: etcd.address });
    const client = createClient(GreeterService, transport);
    await client.hello({ name: "john" });
    await until(directory, (s) => s.freshness === "synced");
    const stale = until(directory, (s) => s.freshness === "stale");
    await etcd.stop();
    await stale;
    await client.hello({ name: "john" });
    assert.equal(greeter.calls, 2);
  });

  test("takes only addresses that are addresses", () => {
    assert.throws(() => createMeshTransport({ etcd: "nowhere" }), {
      code: "ERR_USAGE",
    });
  });
});
