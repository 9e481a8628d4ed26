// Which unary calls go to another instance, and what becomes of those that don't.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Code } from "@connectrpc/connect";
import { ErrorCode } from "../../../../wire/index.ts";
import { freePorts } from "../../../support/ports.ts";
import { rejectsWith } from "./mesh.ts";
import { startScripted } from "./scripted.ts";
import { greet, open, refuse, startAll } from "./scripted-mesh.ts";

/** A transport, in each way that unary calls can take. */
const ways = [
  ["the short way", {}],
  ["Connect's way", { useShortWay: false }],
  ["Connect's protocol", { protocol: "connect" }],
] as const;

for (const [way, options] of ways) {
  describe(`a unary call, ${way},`, { timeout: 30_000 }, () => {
    test("goes to another instance if one can't be reached", async () => {
      await using fine = await startScripted({
        onCall: (call) => void greet(call),
      });
      const ports = await freePorts(2);
      const dead = ports.map((port) => `127.0.0.1:${port}`);
      await using mesh = open([...dead, fine.address], options);
      for (let i = 0; i < 3; i++) {
        const { greeting } = await mesh.client.hello({ name: "john" });
        assert.equal(greeting, "hello");
      }
      assert.equal(fine.calls.length, 3);
    });

    test("goes to another instance if one has no address that can be", async () => {
      await using fine = await startScripted({
        onCall: (call) => void greet(call),
      });
      const bad = ["nowhere", "\u4f60:80"];
      await using mesh = open([...bad, fine.address], options);
      for (let i = 0; i < 3; i++) await mesh.client.hello({ name: "john" });
      assert.equal(fine.calls.length, 3);
      for (const address of bad) {
        await using none = open([address], options);
        await assert.rejects(
          none.client.hello({ name: "john" }),
          rejectsWith(Code.Unavailable, /is no address/),
        );
      }
    });

    test("goes to each other instance once if they refuse it", async () => {
      await using all = await startAll(3, { onCall: refuse });
      await using mesh = open(all.addresses, options);
      await assert.rejects(
        mesh.client.hello({ name: "john" }),
        rejectsWith(Code.Unavailable, /refused the call/),
      );
      assert.deepEqual(all.calls, [1, 1, 1]);
    });

    test("goes to another if its instance left it out of a GOAWAY", async () => {
      await using leaving = await startScripted();
      await using mesh = open([leaving.address], options);
      const first = mesh.client.hello({ name: "first" });
      const second = mesh.client.hello({ name: "second" });
      first.catch(() => {});
      await leaving.call(1);
      // It has looked at the first only.
      const [connection] = leaving.connections as unknown as [
        { core: { sendGoaway(id: number, code: number, text: string): void } },
      ];
      connection.core.sendGoaway(1, 0, "");
      await assert.rejects(
        second,
        rejectsWith(Code.Unavailable, /refused the call/),
      );
      leaving.cut();
      await assert.rejects(first, rejectsWith(Code.Unavailable, /broke/));
    });

    test("stays where it is if its instance breaks off", async () => {
      await using all = await startAll(2, {});
      await using mesh = open(all.addresses, options);
      const call = mesh.client.hello({ name: "john" });
      call.catch(() => {});
      await Promise.race(all.instances.map((one) => one.call(0)));
      for (const one of all.instances) one.cut();
      await assert.rejects(call, rejectsWith(Code.Unavailable, /broke/));
      assert.equal(
        all.calls.reduce((sum, count) => sum + count),
        1,
      );
    });

    test("is cancelled on the wire when the caller cancels", async () => {
      await using one = await startScripted();
      await using mesh = open([one.address], options);
      const caller = new AbortController();
      const call = mesh.client.hello({}, { signal: caller.signal });
      const received = await one.call(0);
      caller.abort();
      await assert.rejects(call, rejectsWith(Code.Canceled, /./));
      const end = await received.closed();
      assert.deepEqual(end, { code: ErrorCode.cancel, by: "peer" });
    });

    test("is cancelled on the wire when its time is over", async () => {
      await using one = await startScripted();
      await using mesh = open([one.address], options);
      const call = mesh.client.hello({}, { timeoutMs: 50 });
      const rejected = assert.rejects(
        call,
        rejectsWith(Code.DeadlineExceeded, /timed out/),
      );
      const received = await one.call(0);
      const name =
        "protocol" in options ? "connect-timeout-ms" : "grpc-timeout";
      assert.match(received.headers.get(name) ?? "", /^[1-5]?\dm?$/);
      await rejected;
      const end = await received.closed();
      assert.deepEqual(end, { code: ErrorCode.cancel, by: "peer" });
    });

    test("goes nowhere else when the caller has cancelled", async () => {
      await using all = await startAll(2, {});
      await using mesh = open(all.addresses, options);
      const caller = new AbortController();
      const call = mesh.client.hello({}, { signal: caller.signal });
      call.catch(() => {});
      const received = await Promise.race(
        all.instances.map((one) => one.call(0)),
      );
      caller.abort();
      refuse(received);
      await assert.rejects(call, rejectsWith(Code.Canceled, /./));
      assert.equal(all.calls.join("").replace("0", ""), "1");
    });

    const resets: [number, Code][] = [
      [ErrorCode.noError, Code.Unavailable],
      [ErrorCode.protocolError, Code.Internal],
      [ErrorCode.internalError, Code.Internal],
      [ErrorCode.flowControlError, Code.Internal],
      [ErrorCode.cancel, Code.Unavailable],
      [ErrorCode.enhanceYourCalm, Code.ResourceExhausted],
      [ErrorCode.inadequateSecurity, Code.PermissionDenied],
      [ErrorCode.http11Required, Code.PermissionDenied],
      [0x77, Code.Internal],
    ];
    for (const [code, expected] of resets) {
      test(`that is reset with ${code} fails as ${Code[expected]}`, async () => {
        await using all = await startAll(2, {
          onCall: (call) => call.stream.reset(code),
        });
        await using mesh = open(all.addresses, options);
        await assert.rejects(
          mesh.client.hello({ name: "john" }),
          rejectsWith(expected, /reset the stream/),
        );
        assert.equal(
          all.calls.reduce((sum, count) => sum + count),
          1,
        );
      });
    }

    test("fails as unavailable when the transport is closed", async () => {
      await using one = await startScripted();
      await using mesh = open([one.address], options);
      const call = mesh.client.hello({ name: "john" });
      call.catch(() => {});
      await one.call(0);
      await mesh.transport.close();
      await assert.rejects(call, rejectsWith(Code.Unavailable, /closed/));
    });

    test("gets a connection of its own when the others are full", async () => {
      await using one = await startScripted({
        limits: { maxConcurrentStreams: 2 },
      });
      await using mesh = open([one.address], options);
      const first = mesh.client.hello({ name: "john" });
      await greet(await one.call(0));
      await first;
      const calls = Array.from({ length: 5 }, () => mesh.client.hello({}));
      for (let i = 1; i <= 5; i++) await greet(await one.call(i));
      await Promise.all(calls);
      assert.equal(one.connections.length, 3);
    });
  });
}
