// What a caller sees when there is nobody to call.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Code, createClient } from "@connectrpc/connect";
import { State } from "../../../../core/index.ts";
import { GreeterService } from "../../../../gen/greeter/v1/greeter_pb.ts";
import { createMeshTransport } from "../../../../mesh/client/index.ts";
import {
  createSnapshotFeed,
  type Directory,
} from "../../../../mesh/registry/index.ts";
import { instance } from "../registry/support.ts";
import { startGreeter } from "./greeter.ts";
import { openMesh, rejectsWith } from "./mesh.ts";

// A directory whose knowledge the test decides upon.
function createDirectory() {
  const feed = createSnapshotFeed();
  const directory: Directory = {
    get snapshot() {
      return feed.snapshot;
    },
    subscribe: feed.subscribe,
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  return { feed, directory };
}

for (const useShortWay of [true, false])
  describe(`a service without instances, ${useShortWay ? "the short way" : "Connect's way"},`, {
    timeout: 30_000,
  }, () => {
    const nobody = (directory: Directory, waitMs: number) => {
      const transport = createMeshTransport({ directory, waitMs, useShortWay });
      return createClient(GreeterService, transport);
    };

    test("is unavailable at once if the registry lists none", async () => {
      const { feed, directory } = createDirectory();
      feed.synced([instance({ state: State.DRAINING })]);
      await assert.rejects(
        nobody(directory, 1e9).hello({ name: "john" }),
        rejectsWith(
          Code.Unavailable,
          /no instance of greeter\.v1\.GreeterService is serving: the registry lists none/,
        ),
      );
    });

    test("is unavailable with the age of what is known if the registry is away", async () => {
      const { feed, directory } = createDirectory();
      feed.synced([]);
      feed.lost(new Error("gone"));
      await assert.rejects(
        nobody(directory, 1e9).hello({ name: "john" }),
        rejectsWith(Code.Unavailable, /when it was last heard, 0 s ago/),
      );
    });

    test("is waited for until the registry was heard", async () => {
      const { feed, directory } = createDirectory();
      await using greeter = await startGreeter();
      const call = nobody(directory, 1e9).hello({ name: "john" });
      feed.synced([instance({ address: greeter.address })]);
      assert.equal((await call).greeting, greeter.address);
    });

    test("is waited for no longer than the transport waits", async () => {
      const { directory } = createDirectory();
      await assert.rejects(
        nobody(directory, 1).hello({ name: "john" }),
        rejectsWith(Code.Unavailable, /the registry has not answered so far/),
      );
    });

    test("is waited for no longer than the call's deadline and signal", async () => {
      const { directory } = createDirectory();
      await assert.rejects(
        nobody(directory, 1e9).hello({ name: "john" }, { timeoutMs: 1 }),
        rejectsWith(Code.DeadlineExceeded, /./),
      );
      const caller = new AbortController();
      const call = nobody(directory, 1e9).hello(
        { name: "john" },
        { signal: caller.signal },
      );
      caller.abort();
      await assert.rejects(call, rejectsWith(Code.Canceled, /./));
    });

    test("is what a closed transport has", async () => {
      await using mesh = await openMesh(1, { useShortWay });
      await mesh.client.hello({ name: "john" });
      await mesh.transport.close();
      await assert.rejects(
        mesh.client.hello({ name: "john" }),
        rejectsWith(Code.Unavailable, /closed/),
      );
    });
  });
