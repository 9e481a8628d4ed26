// What can be seen of connections from outside: snapshots of what is open, and
// counters that come down to nothing when it is not.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createHeaderBlock,
  createListener,
  ErrorCode,
  edgeLimits,
  resolveLimits,
} from "../../../wire/index.ts";
import { connectClient, OK, startServer, turnsUntil } from "./duo.ts";

describe("what can be seen of a connection", () => {
  it("is its streams, with what waits on either side", async () => {
    const limits = resolveLimits(edgeLimits, { streamWindowBytes: 70_000 });
    await using server = await startServer(
      ({ diary }) => {
        diary.consumes = false;
      },
      { limits },
    );
    using client = connectClient(server.port);
    const { stream } = client.call();
    await turnsUntil("settings", () => client.events.length === 1);
    stream.write(Buffer.alloc(100_000), true);
    const [connection] = server.connections;
    const bodyBytes = () => server.arrivals[0]?.diary.bodyBytes;
    await turnsUntil("the window's bytes", () => bodyBytes() === 70_000);
    assert.deepEqual(connection?.snapshot(), {
      ...{ role: "server", state: "open", streams: 1, slots: 1 },
      ...{ queuedBytes: 0, sendWindow: 16 << 20 },
      receiveWindow: (1 << 20) - 70_000,
      decoderTableBytes: connection?.snapshot().decoderTableBytes,
      openStreams: [
        {
          ...{ id: 1, localEnded: false, remoteEnded: false },
          ...{ queuedBytes: 0, unconsumedBytes: 70_000 },
          ...{ sendWindow: 1 << 20, receiveWindow: 0 },
        },
      ],
    });
    const seen = client.connection.snapshot();
    assert.deepEqual(
      { ...seen, queuedBytes: 0, decoderTableBytes: 0 },
      {
        ...{ role: "client", state: "open", streams: 1, slots: 0 },
        ...{ queuedBytes: 0, sendWindow: (1 << 20) - 70_000 },
        ...{ receiveWindow: 16 << 20, decoderTableBytes: 0 },
        openStreams: [
          {
            ...{ id: 1, localEnded: true, remoteEnded: false },
            ...{ queuedBytes: 30_000, unconsumedBytes: 0 },
            ...{ sendWindow: 0, receiveWindow: 1 << 20 },
          },
        ],
      },
    );
    JSON.stringify(seen);
  });

  it("is one of each that a listener has", async () => {
    const listener = createListener({
      onRequest: (stream) => stream.respond(OK, true),
    });
    const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
    try {
      using one = connectClient(port);
      using other = connectClient(port);
      one.call(undefined, true);
      await turnsUntil("both", () => listener.snapshot().length === 2);
      await turnsUntil("the answer", () => one.connection.openStreams === 0);
      const streams = listener.snapshot().map((it) => it.streams);
      assert.deepEqual(streams.sort(), [0, 1]);
      other.socket.destroy();
      await turnsUntil("one is gone", () => listener.snapshot().length === 1);
      assert.equal(listener.stats.openConnections, 1);
      assert.equal(listener.stats.connections, 2);
    } finally {
      await listener.close(0);
    }
  });
});

it("counts what is open down to nothing, however it ends", async () => {
  await using server = await startServer();
  const ends: ((call: ReturnType<typeof connectClient>) => void)[] = [
    ({ connection }) => connection.close(),
    ({ connection }) => connection.drain(),
    ({ socket }) => socket.destroy(),
    ({ socket }) => socket.resetAndDestroy(),
    ({ socket }) => socket.end(),
  ];
  const clients = ends.map(() => connectClient(server.port));
  for (const client of clients) {
    const [first, second] = [client.call(), client.call()];
    first.stream.reset(ErrorCode.cancel);
    second.stream.write(Buffer.alloc(10));
  }
  await turnsUntil("all came", () => server.arrivals.length === 10);
  await turnsUntil("all resets", () => server.stats.resetsReceived === 5);
  assert.equal(server.stats.openConnections, 5);
  assert.equal(server.stats.openStreams, 5);
  ends.forEach((end, i) => {
    const client = clients[i];
    if (client) end(client);
  });
  for (const { stream } of server.arrivals) {
    stream.respond(createHeaderBlock([[":status", "204"]]), true);
  }
  for (const { connection } of clients)
    for (const { id } of connection.snapshot().openStreams) assert.equal(id, 3);
  clients[1]?.connection.close();
  await turnsUntil("nothing is open", () =>
    [server.stats, ...clients.map(({ stats }) => stats)].every(
      (stats) => stats.openConnections === 0 && stats.openStreams === 0,
    ),
  );
  assert.equal(server.stats.connections, 5);
  assert.equal(server.stats.streams, 10);
  for (const connection of server.connections)
    assert.equal(connection.snapshot().slots, 0);
});
