// Too many connections: each costs memory before it has said a word, so the
// listener counts them, all together and by the peer's address.

import { it } from "node:test";
import { connectRaw, type RawClient } from "../../support/raw-http2/client.ts";
import {
  expectClosed,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import { until } from "../../support/until.ts";
import { withVictim } from "./with-victim.ts";

/** Connections that take a request each. The peaceful client has one besides. */
async function open(
  stack: DisposableStack,
  count: number,
  port: number,
  localAddress = "127.0.0.1",
): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (let i = 0; i < count; i++) {
    const client = stack.use(await connectRaw({ port, localAddress }));
    client.request(1);
    await expectResponse(client, 1, 200);
    clients.push(client);
  }
  return clients;
}

/** Whether a new connection is served. */
async function isServed(port: number, localAddress: string): Promise<boolean> {
  using client = await connectRaw({ port, localAddress });
  client.request(1);
  return await expectResponse(client, 1, 200).then(
    () => true,
    () => false,
  );
}

it("closes connections above the limit for one address, and serves others", () =>
  withVictim(
    { limits: { maxConnectionsPerAddress: 5 }, listener: true },
    async (victim) => {
      using stack = new DisposableStack();
      const { port } = victim;
      const [first] = await open(stack, 4, port);
      for (let i = 0; i < 20; i++) {
        using refused = await connectRaw({ port });
        await expectClosed(refused);
      }
      await open(stack, 5, port, "127.0.0.2");
      using refused = await connectRaw({ port, localAddress: "127.0.0.2" });
      await expectClosed(refused);

      first?.socket.destroy();
      await until("the place is free", () => isServed(port, "127.0.0.1"));
    },
  ));

it("closes connections above the limit for all addresses", () =>
  withVictim(
    { limits: { maxConnections: 5 }, listener: true },
    async (victim) => {
      using stack = new DisposableStack();
      const { port } = victim;
      const [first] = await open(stack, 2, port);
      await open(stack, 2, port, "127.0.0.2");
      for (const localAddress of ["127.0.0.1", "127.0.0.2", "127.0.0.3"]) {
        using refused = await connectRaw({ port, localAddress });
        await expectClosed(refused);
      }
      first?.socket.destroy();
      await until("the place is free", () => isServed(port, "127.0.0.3"));
    },
  ));
