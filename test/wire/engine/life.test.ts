// How a connection lives and ends: a PING, draining, old age. Time limits
// by an exact clock are in test/unit/wire/time-limits.test.ts; here is what
// comes of them on sockets.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ErrorCode,
  internalLimits,
  resolveLimits,
} from "../../../wire/index.ts";
import {
  connectClient,
  OK,
  requestOf,
  startServer,
  turnsUntil,
} from "./duo.ts";

const FIRST_GOAWAY = 0x7fff_ffff;

describe("a PING of ours", () => {
  it("is answered, each once and in its order, with the time it took", async () => {
    await using server = await startServer();
    using client = connectClient(server.port);
    const answers: [number, number][] = [];
    for (const i of [1, 2, 3])
      client.connection.ping((rttMs) => answers.push([i, rttMs]));
    await turnsUntil("the answers", () => answers.length === 3);
    await new Promise((resolve) => server.connections[0]?.ping(resolve));
    assert.deepEqual(
      answers.map(([i]) => i),
      [1, 2, 3],
    );
    for (const [, rttMs] of answers) assert.ok(rttMs > 0 && rttMs < 10_000);
  });
});

describe("a connection that drains", () => {
  it("serves what was on its way, and closes after the last stream", async () => {
    await using server = await startServer();
    using client = connectClient(server.port);
    const first = client.call();
    await turnsUntil("it came", () => server.arrivals.length === 1);
    const [connection] = server.connections;
    connection?.drain();
    // Not knowing of it yet.
    const second = client.call();
    await turnsUntil("it came, too", () => server.arrivals.length === 2);
    await turnsUntil("both GOAWAY", () => client.events.length === 3);
    const { id } = second.stream;
    assert.deepEqual(client.events, [
      "settings",
      `goaway 0 ${FIRST_GOAWAY}`,
      `goaway 0 ${id}`,
    ]);
    assert.throws(() => client.call());
    assert.equal(client.connection.availableStreams, 0);
    assert.equal(client.connection.state, "draining");
    assert.equal(connection?.state, "draining");
    for (const { stream } of server.arrivals) stream.respond(OK, true);
    for (const { stream } of [first, second]) stream.end();
    await turnsUntil("the end", () => client.connection.state === "closed");
    await turnsUntil("the server's", () => connection?.state === "closed");
    for (const { diary } of [first, second])
      assert.deepEqual(diary.events, ["response 200 end", "close end"]);
    assert.match(client.events.at(-1) ?? "", /^close 0/);
    assert.match(server.goodbyes[0] ?? "", /^0 /);
  });

  it("as a client lets its calls end, and makes no new ones", async () => {
    await using server = await startServer();
    using client = connectClient(server.port);
    const { stream, diary } = client.call();
    await turnsUntil("it came", () => server.arrivals.length === 1);
    client.connection.drain();
    assert.equal(client.connection.state, "draining");
    assert.throws(() => client.call());
    server.arrivals[0]?.stream.respond(OK, true);
    stream.end();
    await turnsUntil("the end", () => client.connection.state === "closed");
    assert.deepEqual(diary.events, ["response 200 end", "close end"]);
    await turnsUntil("the server's", () => server.goodbyes.length === 1);
  });

  it("closes at once when there is nothing to wait for", async () => {
    await using server = await startServer();
    using client = connectClient(server.port);
    await turnsUntil("settings", () => client.events.length === 1);
    client.connection.drain();
    assert.equal(client.connection.state, "closed");
    await turnsUntil("the server's end", () => server.goodbyes.length === 1);
  });
});

describe("a connection that is closed", () => {
  it("loses its streams, and says so to both sides' handlers", async () => {
    await using server = await startServer();
    using client = connectClient(server.port);
    const { diary } = client.call();
    await turnsUntil("it came", () => server.arrivals.length === 1);
    server.connections[0]?.close(ErrorCode.internalError, "because");
    assert.deepEqual(server.goodbyes, ["2 because"]);
    assert.deepEqual(server.arrivals[0]?.diary.events, ["close connection 2"]);
    // Nothing is said twice.
    server.connections[0]?.close();
    server.connections[0]?.drain();
    assert.equal(server.goodbyes.length, 1);
    await turnsUntil("its end", () => client.connection.state === "closed");
    assert.match(diary.events.join(), /^close (connection|peer|refused) \d+$/);
    assert.ok(client.events.includes("goaway 2 1"));
    assert.throws(() => client.call());
  });
});

describe("a connection's time is up", () => {
  it("when nobody has used a client's for long", async () => {
    await using server = await startServer();
    const limits = resolveLimits(internalLimits, { idleTimeoutMs: 40 });
    using client = connectClient(server.port, { limits });
    const { stream } = client.call(undefined, true);
    await turnsUntil("it came", () => server.arrivals.length === 1);
    server.arrivals[0]?.stream.respond(OK, true);
    await turnsUntil("its end", () => client.connection.state === "closed");
    assert.equal(stream.closedBy, "end");
    assert.deepEqual(client.stats.violations, { idleTimeoutMs: 1 });
    await turnsUntil("the server's", () => server.stats.openConnections === 0);
  });

  it("when a client's is old, after its last call", async () => {
    await using server = await startServer();
    const limits = resolveLimits(internalLimits, { maxAgeMs: 40 });
    using client = connectClient(server.port, { limits });
    const { stream, diary } = client.call(undefined, true);
    const { connection } = client;
    await turnsUntil("it drains", () => connection.state === "draining");
    await turnsUntil("it came", () => server.arrivals.length === 1);
    server.arrivals[0]?.stream.respond(OK, true);
    await turnsUntil("its end", () => connection.state === "closed");
    assert.equal(stream.closedBy, "end");
    assert.equal(diary.events[0], "response 200 end");
  });
});

it("takes requests before its socket is connected", async () => {
  await using server = await startServer(({ stream }) =>
    stream.respond(OK, true),
  );
  using client = connectClient(server.port);
  const { diary } = client.call(requestOf("/early"), true);
  assert.equal(client.socket.connecting, true);
  await turnsUntil("the answer", () => diary.events.includes("close end"));
  assert.equal(server.arrivals[0]?.headers.path, "/early");
});
