// What one caller does must not cost the others their calls: headers beyond
// measure, bursts on a cold connection, options that can't be, odd deadlines.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, test } from "node:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { GreeterService } from "../../../../gen/greeter/v1/greeter_pb.ts";
import { createMeshTransport } from "../../../../mesh/client/index.ts";
import {
  createMemoryRegistry,
  createSnapshotFeed,
} from "../../../../mesh/registry/index.ts";
import { instance } from "../registry/support.ts";
import { rejectsWith } from "./mesh.ts";
import { startScripted } from "./scripted.ts";
import { greet, open, startAll } from "./scripted-mesh.ts";

const ways = [
  ["the short way", {}],
  ["Connect's way", { useShortWay: false }],
] as const;

/** An instance that takes connections, and does with them what is said. */
async function startServer(onSocket: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A frame on stream 0, in hexadecimal. */
const frame = (type: string, body: string) =>
  `${(body.length / 2).toString(16).padStart(6, "0")}${type}0000000000${body}`;

for (const [way, options] of ways) {
  describe(`a call, ${way},`, { timeout: 10_000 }, () => {
    test("with headers beyond measure harms nobody else", async () => {
      await using all = await startAll(2, {});
      await using mesh = open(all.addresses, options);
      const others = [mesh.client.hello({}), mesh.client.hello({})];
      for (const one of all.instances) await one.call(0);
      await assert.rejects(
        mesh.client.hello({}, { headers: { x: "y".repeat(300 << 10) } }),
        rejectsWith(Code.ResourceExhausted, /headers have \d+ bytes, 65536/),
      );
      for (const one of all.instances) await greet(await one.call(0));
      await Promise.all(others);
      assert.deepEqual(all.calls, [1, 1]);
    });

    test("stays where it is if the connection was blamed", async () => {
      const goaway = frame("07", "000000000000000b");
      await using blaming = await startServer((socket) =>
        socket.once("data", () =>
          socket.write(Buffer.from(frame("04", "") + goaway, "hex")),
        ),
      );
      await using fine = await startScripted({
        onCall: (call) => void greet(call),
      });
      await using mesh = open([blaming.address, fine.address], options);
      const calls = [mesh.client.hello({}), mesh.client.hello({})];
      const results = await Promise.allSettled(calls);
      const statuses = results.map(({ status }) => status).sort();
      assert.deepEqual(statuses, ["fulfilled", "rejected"]);
      assert.equal(fine.calls.length, 1);
    });

    test("waits while an instance has not said how many it takes", async () => {
      await using one = await startScripted({
        onCall: (call) => void greet(call),
      });
      await using mesh = open([one.address], options);
      const calls = Array.from({ length: 150 }, () => mesh.client.hello({}));
      await Promise.all(calls);
      assert.equal(one.connections.length, 1);
    });

    test("waits no longer than its own time", async () => {
      await using silent = await startServer(() => {});
      await using mesh = open([silent.address], options);
      for (let i = 0; i < 100; i++) mesh.client.hello({}).catch(() => {});
      await assert.rejects(
        mesh.client.hello({}, { timeoutMs: 20 }),
        rejectsWith(Code.DeadlineExceeded, /./),
      );
      const caller = new AbortController();
      const { signal } = caller;
      const cancelled = mesh.client.hello({}, { signal });
      caller.abort();
      await assert.rejects(cancelled, rejectsWith(Code.Canceled, /./));
      const open101 = mesh.client.hello({});
      open101.catch(() => {});
      await mesh.transport.close();
      await assert.rejects(open101, rejectsWith(Code.Unavailable, /closed/));
      assert.ok(silent.sockets.length <= 1);
    });

    test("that has waited goes elsewhere if that is no use", async () => {
      const broken = Promise.withResolvers<void>();
      await using silent = await startServer((socket) => {
        socket.on("close", () => broken.resolve());
        socket.once("data", () => socket.destroy());
      });
      await using mesh = open([silent.address], options);
      const calls = Array.from({ length: 150 }, () => mesh.client.hello({}));
      const results = await Promise.allSettled(calls);
      for (const result of results)
        assert.equal(
          result.status === "rejected" && ConnectError.from(result.reason).code,
          Code.Unavailable,
        );
      await broken.promise;
      assert.equal(silent.sockets.length, 1);
    });

    test("that has waited goes elsewhere if the instance leaves", async () => {
      const called = Promise.withResolvers<void>();
      await using silent = await startServer((socket) =>
        socket.once("data", () => called.resolve()),
      );
      await using fine = await startScripted({
        onCall: (call) => void greet(call),
      });
      const feed = createSnapshotFeed();
      feed.synced([instance({ id: "0", address: silent.address })]);
      const { directory: base } = createMemoryRegistry();
      const directory = Object.create(base, {
        snapshot: { get: () => feed.snapshot },
        subscribe: { value: feed.subscribe },
      });
      await using transport = createMeshTransport({ ...options, directory });
      const client = createClient(GreeterService, transport);
      for (let i = 0; i < 100; i++) client.hello({}).catch(() => {});
      const waiting = client.hello({});
      await called.promise;
      feed.synced([instance({ id: "1", address: fine.address })]);
      assert.equal((await waiting).greeting, "hello");
      assert.equal(fine.calls.length, 1);
    });

    test("fails if its connection can't even be made", async () => {
      const tls = { lookup: "nonsense" as never };
      await using mesh = open(["localhost:1"], { ...options, tls });
      await assert.rejects(
        mesh.client.hello({}),
        rejectsWith(Code.Internal, /lookup/),
      );
      // Also when nobody is there to catch what is thrown.
      const feed = createSnapshotFeed();
      const { directory: base } = createMemoryRegistry();
      const directory = Object.create(base, {
        snapshot: { get: () => feed.snapshot },
        subscribe: { value: feed.subscribe },
      });
      const given = { ...options, directory, tls };
      await using transport = createMeshTransport(given);
      const call = createClient(GreeterService, transport).hello({});
      call.catch(() => {});
      feed.synced([instance({ address: "localhost:1" })]);
      await assert.rejects(call, rejectsWith(Code.Internal, /lookup/));
    });

    for (const timeoutMs of [2 ** 31, 2 ** 40, Infinity, NaN, 0, -1])
      test(`has no deadline with a time-out of ${timeoutMs}`, async () => {
        await using one = await startScripted({
          onCall: (call) => void greet(call),
        });
        await using mesh = open([one.address], options);
        await mesh.client.hello({}, { timeoutMs });
        const byDefault = { ...options, defaultTimeoutMs: timeoutMs };
        await using other = open([one.address], byDefault);
        await other.client.hello({});
        for (const { headers } of one.calls)
          assert.equal(headers.get("grpc-timeout"), undefined);
      });
  });
}

for (const httpVersion of ["1.1", "2"] as const)
  test(`keys that can't be used are found out at once, HTTP/${httpVersion}`, () => {
    const { directory } = createMemoryRegistry();
    const tls = { cert: "garbage", key: "garbage" };
    const protocol = "connect";
    const options = { directory, tls, protocol, httpVersion } as const;
    assert.throws(() => createMeshTransport(options), { code: "ERR_USAGE" });
  });
