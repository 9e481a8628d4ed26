// How many streams there may be at once, on either side, and for how long a
// place is taken.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ErrorCode, edgeLimits, resolveLimits } from "../../../wire/index.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import { expectResponse } from "../../support/raw-http2/expectations.ts";
import {
  Code,
  rstStream,
  Setting,
  settings,
} from "../../support/raw-http2/frames.ts";
import { listenRaw } from "../../support/raw-http2/server.ts";
import { connectClient, OK, startServer, turnsUntil } from "./duo.ts";

describe("slots", () => {
  it("are as many as the server allows, and free when streams end", async () => {
    const limits = resolveLimits(edgeLimits, { maxConcurrentStreams: 2 });
    await using server = await startServer(undefined, { limits });
    using client = connectClient(server.port);
    const { connection, events } = client;
    assert.equal(connection.availableStreams, Number.POSITIVE_INFINITY);
    await turnsUntil("settings", () => events.includes("settings"));
    assert.equal(connection.availableStreams, 2);
    const [one, two] = [client.call(), client.call()];
    assert.equal(connection.availableStreams, 0);
    assert.throws(() => client.call());
    assert.equal(events.includes("available"), false);
    one.stream.reset(ErrorCode.cancel);
    assert.deepEqual(events, ["settings", "available"]);
    assert.equal(connection.availableStreams, 1);
    two.stream.reset(ErrorCode.cancel);
    // Nobody was sent away meanwhile.
    assert.deepEqual(events, ["settings", "available"]);
    assert.equal(connection.openStreams, 0);
  });

  it("are free again when the server allows more", async () => {
    await using server = await listenRaw({
      first: settings([Setting.maxConcurrentStreams, 0]),
    });
    using client = connectClient(server.port);
    const peer = await server.accept();
    await turnsUntil("settings", () => client.events.length === 1);
    assert.throws(() => client.call());
    peer.send(settings([Setting.maxConcurrentStreams, 1]));
    await turnsUntil("room", () => client.events.includes("available"));
    client.call();
    assert.throws(() => client.call());
  });

  it("of a server are kept as long as the work is held", async () => {
    const limits = resolveLimits(edgeLimits, { maxConcurrentStreams: 2 });
    await using server = await startServer(({ stream }) => stream.hold(), {
      limits,
    });
    using client = await connectRaw({ port: server.port });
    client.request(1, {}, { endStream: false });
    client.request(3, {}, { endStream: false });
    client.send(rstStream(1, Code.cancel));
    await turnsUntil("the reset", () => server.stats.resetsReceived === 1);
    const [connection] = server.connections;
    assert.equal(connection?.openStreams, 1);
    assert.equal(connection?.snapshot().slots, 2);
    const refused = server.stats.violations;
    client.request(5);
    await turnsUntil("a refusal", () => refused.maxConcurrentStreams === 1);
    server.arrivals[0]?.stream.release();
    server.arrivals[0]?.stream.release();
    assert.equal(connection?.snapshot().slots, 1);
    client.request(7);
    await turnsUntil("it came", () => server.arrivals.length === 3);
    // One that is released before it ends frees its slot when it ends.
    server.arrivals[2]?.stream.release();
    assert.equal(connection?.snapshot().slots, 2);
    server.arrivals[2]?.stream.respond(OK, true);
    await expectResponse(client, 7, 200);
    assert.equal(connection?.snapshot().slots, 1);
  });

  it("run out for good with the last stream id, and the connection with them", async () => {
    await using server = await startServer();
    using client = connectClient(server.port);
    const { core } = client.connection as unknown as {
      core: { ids: { next: number } };
    };
    core.ids.next = 0x7fff_ffff;
    const { stream } = client.call();
    assert.equal(stream.id, 0x7fff_ffff);
    assert.throws(() => client.call());
    assert.equal(client.connection.availableStreams, 0);
    assert.notEqual(client.connection.state, "open");
  });
});
