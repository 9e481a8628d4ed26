// What a caller sees when the connection to an instance fails.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Code,
  ConnectError,
  createClient,
  type Interceptor,
} from "@connectrpc/connect";
import { GreeterService } from "../../../../gen/greeter/v1/greeter_pb.ts";
import { createMeshTransport } from "../../../../mesh/client/index.ts";
import { createMemoryRegistry } from "../../../../mesh/registry/index.ts";
import { freePorts } from "../../../support/ports.ts";
import { instance } from "../registry/support.ts";
import { openMesh, rejectsWith } from "./mesh.ts";

for (const useShortWay of [true, false])
  describe(`a connection that fails, ${useShortWay ? "the short way" : "Connect's way"},`, {
    timeout: 30_000,
  }, () => {
    test("before it stands is unavailable", async () => {
      const { registrar, directory } = createMemoryRegistry();
      const [port] = await freePorts(1);
      const address = `127.0.0.1:${port}`;
      registrar.register(instance({ address }));
      await using transport = createMeshTransport({ directory, useShortWay });
      const client = createClient(GreeterService, transport);
      await assert.rejects(
        client.hello({ name: "john" }),
        rejectsWith(Code.Unavailable, new RegExp(address)),
      );
      await assert.rejects(
        client.countdown({ from: 1 })[Symbol.asyncIterator]().next(),
        rejectsWith(Code.Unavailable, new RegExp(address)),
      );
    });

    test("before the answer is unavailable", async () => {
      await using mesh = await openMesh(1, { useShortWay });
      const call = mesh.client.hello({ name: "hang" });
      await mesh.greeters[0]?.hanging;
      mesh.greeters[0]?.kill();
      await assert.rejects(
        call,
        rejectsWith(
          Code.Unavailable,
          /the connection to 127\.0\.0\.1:\d+ broke/,
        ),
      );
    });

    test("amid a stream of answers is unavailable", async () => {
      await using mesh = await openMesh(1, { useShortWay });
      const lines = mesh.client.countdown({ from: 2 })[Symbol.asyncIterator]();
      assert.equal((await lines.next()).value?.line, mesh.greeters[0]?.address);
      const next = lines.next();
      mesh.greeters[0]?.kill();
      await assert.rejects(
        next,
        rejectsWith(
          Code.Unavailable,
          /the connection to 127\.0\.0\.1:\d+ broke/,
        ),
      );
    });

    test("amid a stream of requests is unavailable", async () => {
      await using mesh = await openMesh(1, { useShortWay });
      const [greeter] = mesh.greeters;
      async function* requests() {
        yield { line: "a" };
        await new Promise(() => {});
      }
      const echoes = mesh.client.chat(requests())[Symbol.asyncIterator]();
      assert.equal((await echoes.next()).value?.line, "a");
      const next = echoes.next();
      greeter?.kill();
      await assert.rejects(next, rejectsWith(Code.Unavailable, /broke/));
    });

    test("is canceled only for the caller that cancelled", async () => {
      const seen: unknown[] = [];
      const observer: Interceptor = (next) => async (request) => {
        try {
          return await next(request);
        } catch (error) {
          seen.push(ConnectError.from(error).code);
          throw error;
        }
      };
      await using mesh = await openMesh(1, { interceptors: [observer] });
      const caller = new AbortController();
      const call = mesh.client.hello(
        { name: "hang" },
        { signal: caller.signal },
      );
      await mesh.greeters[0]?.hanging;
      caller.abort();
      await assert.rejects(call, rejectsWith(Code.Canceled, /./));
      assert.deepEqual(seen, [Code.Canceled]);
    });

    test("is not confused with what a service answers", async () => {
      await using mesh = await openMesh(1, { useShortWay });
      for (const code of [Code.Canceled, Code.Aborted]) {
        await assert.rejects(
          mesh.client.hello({ name: Code[code].toLowerCase() }),
          rejectsWith(code, /by the service/),
        );
      }
    });
  });
