// Tests wire/admission.ts: who is let in, counted over real connections from
// several loopback addresses.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, test } from "node:test";
import { createAdmission, toNetwork } from "../../../wire/admission.ts";
import { internalLimits, type Limits } from "../../../wire/limits.ts";
import { createStats } from "../../../wire/stats.ts";

/** A server that admits by these limits. */
async function startGate(changes: Partial<Limits>) {
  const stats = createStats();
  const admission = createAdmission({ ...internalLimits, ...changes }, stats);
  const sockets = new Set<Socket>();
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    violations: stats.violations,
    /** Knock from an address. Returns the server's side, and whether it is in. */
    async knock(localAddress = "127.0.0.1") {
      const accepted = once(server, "connection");
      const client = connect({ port, host: "127.0.0.1", localAddress });
      client.on("error", () => {}); // "close" follows
      const [socket] = (await accepted) as [Socket];
      sockets.add(client).add(socket);
      socket.on("error", () => {});
      return { socket, isIn: admission.admit(socket) };
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** End a connection, and wait until that is known. */
async function leave(socket: Socket): Promise<void> {
  const closed = once(socket, "close");
  socket.destroy();
  await closed;
}

describe("an admission", () => {
  test("lets in so many in all, and counts whom it doesn't", async () => {
    await using gate = await startGate({ maxConnections: 2 });
    const first = await gate.knock("127.0.0.1");
    assert.equal(first.isIn, true);
    assert.equal((await gate.knock("127.0.0.2")).isIn, true);
    for (let i = 1; i <= 3; i++) {
      const { isIn, socket } = await gate.knock("127.0.0.3");
      assert.equal(isIn, false);
      assert.equal(socket.destroyed, true);
      assert.deepEqual(gate.violations, { maxConnections: i });
    }
    await leave(first.socket);
    assert.equal((await gate.knock("127.0.0.3")).isIn, true);
    assert.equal((await gate.knock("127.0.0.3")).isIn, false);
  });

  test("lets in so many from one address", async () => {
    await using gate = await startGate({ maxConnectionsPerAddress: 2 });
    const first = await gate.knock();
    assert.equal((await gate.knock()).isIn, true);
    assert.equal((await gate.knock()).isIn, false);
    assert.equal((await gate.knock("127.0.0.2")).isIn, true);
    assert.deepEqual(gate.violations, { maxConnectionsPerAddress: 1 });
    await leave(first.socket);
    assert.equal((await gate.knock()).isIn, true);
    assert.equal((await gate.knock()).isIn, false);
  });

  test("doesn't take from the count whom it refused", async () => {
    await using gate = await startGate({ maxConnectionsPerAddress: 1 });
    await gate.knock();
    for (let i = 0; i < 3; i++) {
      const { isIn, socket } = await gate.knock();
      assert.equal(isIn, false);
      if (!socket.closed) await once(socket, "close");
    }
  });

  test("lets in everybody from one address unless told not to", async () => {
    await using gate = await startGate({});
    for (let i = 0; i < 20; i++) assert.equal((await gate.knock()).isIn, true);
  });
});

describe("one address is", () => {
  const rows: [address: string, network: string][] = [
    ["127.0.0.1", "127.0.0.1"],
    ["::ffff:10.1.2.3", "10.1.2.3"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8:1:2::6", "2001:db8:1:2"],
    ["2001:db8::6", "2001:db8:0:0"],
    ["2001:db8::3:4:5:6:7", "2001:db8:0:3"],
    ["::1", "0:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
  ];
  for (const [address, network] of rows)
    test(`of ${address}: ${network}`, () => {
      assert.equal(toNetwork(address), network);
    });
});
