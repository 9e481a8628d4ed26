// Which calls that stream go to another instance.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Code } from "@connectrpc/connect";
import { freePorts } from "../../../support/ports.ts";
import { rejectsWith } from "./mesh.ts";
import { startScripted } from "./scripted.ts";
import { greet, open, refuse, startAll } from "./scripted-mesh.ts";

describe("a call that streams", { timeout: 30_000 }, () => {
  /** Messages, with a note of how many were taken. */
  function produce(...names: readonly string[]) {
    const produced = {
      taken: 0,
      async *names() {
        for (const name of names) {
          produced.taken++;
          yield { name };
        }
      },
    };
    return produced;
  }

  test("goes to another instance while nothing was taken from the caller", async () => {
    await using fine = await startScripted({
      onCall: (call) => void greet(call, "all"),
    });
    const [port] = await freePorts(1);
    await using mesh = open([`127.0.0.1:${port}`, fine.address]);
    for (let i = 1; i <= 2; i++) {
      const produced = produce("a", "b");
      const { greeting } = await mesh.client.helloAll(produced.names());
      assert.equal(greeting, "all");
      assert.equal(produced.taken, 2);
      const body = Buffer.concat(fine.calls[i - 1]?.body ?? []);
      assert.equal(body.toString("hex"), "00000000030a016100000000030a0162");
    }
  });

  test("goes to another that is refused before the caller says anything", async () => {
    const said = Promise.withResolvers<void>();
    await using all = await startAll(2, {
      onCall: (call) => {
        if (all.calls.every((count) => count <= 1) && !refused) {
          refused = true;
          refuse(call);
        } else void greet(call, "all");
      },
    });
    let refused = false;
    await using mesh = open(all.addresses);
    async function* names() {
      await said.promise;
      yield { name: "a" };
    }
    const call = mesh.client.helloAll(names());
    await Promise.all(all.instances.map((one) => one.call(0)));
    said.resolve();
    assert.equal((await call).greeting, "all");
    const bodies = all.instances.map(({ calls }) =>
      Buffer.concat(calls[0]?.body ?? []).toString("hex"),
    );
    assert.deepEqual(bodies.sort(), ["", "00000000030a0161"]);
  });

  test("stays where it is when something was taken", async () => {
    await using all = await startAll(2, {
      onCall: (call) =>
        void call.until(() => call.bytes > 0).then(() => refuse(call)),
    });
    await using mesh = open(all.addresses);
    await assert.rejects(
      mesh.client.helloAll(produce("a", "b").names()),
      rejectsWith(Code.Unavailable, /refused/),
    );
    assert.equal(
      all.calls.reduce((sum, count) => sum + count),
      1,
    );
  });

  test("of answers goes to another: its request is one message", async () => {
    await using all = await startAll(2, {
      onCall: (call) =>
        void call.until(() => call.ended).then(() => refuse(call)),
    });
    await using mesh = open(all.addresses);
    const lines = mesh.client.countdown({ from: 3 })[Symbol.asyncIterator]();
    await assert.rejects(
      lines.next(),
      rejectsWith(Code.Unavailable, /refused/),
    );
    assert.deepEqual(all.calls, [1, 1]);
  });
});
