// A mesh of greeters and a client of it, for tests of the client.

import assert from "node:assert/strict";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { GreeterService } from "../../../../gen/greeter/v1/greeter_pb.ts";
import { createMeshTransport } from "../../../../mesh/client/index.ts";
import { createMemoryRegistry } from "../../../../mesh/registry/index.ts";
import { instance } from "../registry/support.ts";
import { startGreeter, type TestGreeter } from "./greeter.ts";

type Options = Omit<Parameters<typeof createMeshTransport>[0], "etcd">;

/**
 * Greeters in a registry in memory, and a client of them.
 */
export async function openMesh(count: number, options: Partial<Options> = {}) {
  const { registrar, directory } = createMemoryRegistry();
  const greeters: TestGreeter[] = [];
  for (let i = 0; i < count; i++) greeters.push(await startGreeter());
  const registrations = greeters.map(({ address }, i) =>
    registrar.register(instance({ id: `${i}`, address })),
  );
  const transport = createMeshTransport({ directory, ...options });
  return {
    registrar,
    greeters,
    registrations,
    transport,
    client: createClient(GreeterService, transport),
    async [Symbol.asyncDispose]() {
      await transport.close();
      for (const greeter of greeters) await greeter[Symbol.asyncDispose]();
    },
  };
}

/**
 * A check for assert.rejects().
 */
export function rejectsWith(code: Code, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof ConnectError, String(error));
    assert.equal(Code[error.code], Code[code], error.message);
    assert.match(error.message, message);
    return true;
  };
}
