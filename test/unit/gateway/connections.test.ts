// How many connections there are to an instance, and how long.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, suite, test } from "node:test";
import {
  createConnections,
  moreKeepaliveMs,
} from "../../../mesh/upstream/connections.ts";
import { InstanceConnection } from "../../../mesh/upstream/instance-connection.ts";
import {
  createHeaderBlock,
  createServerConnection,
  createStats,
} from "../../../wire/index.ts";
import { Recorder } from "./recorder.ts";
import { requestFor, responseOf, type Scene, startScene } from "./scene.ts";

const GRPC = "application/grpc";
const ok = createHeaderBlock([["grpc-status", "0"]]);

suite("Connections to an instance", () => {
  let scene: Scene;
  afterEach(() => scene[Symbol.asyncDispose]());

  /** Send a call that has no body. */
  const send = () => scene.request(requestFor(GRPC), true);

  /** Let the instance answer its call of that number. */
  async function answer(number: number): Promise<void> {
    const { stream } = await scene.instance.call(number);
    stream.respond(responseOf(200, GRPC));
    stream.end(ok);
  }

  async function succeeds(call: Recorder): Promise<void> {
    assert.deepEqual(await call.closed(), { code: 0, by: "end" });
    assert.equal(call.trailers?.get("grpc-status"), "0");
  }

  test("are one for all calls, opened by the first", async () => {
    scene = await startScene();
    assert.equal(scene.instance.connections.length, 0);
    // At once: none of them waits for the connection.
    const calls = Array.from({ length: 50 }, send);
    for (const number of calls.keys()) await answer(number);
    for (const call of calls) await succeeds(call);
    assert.equal(scene.instance.connections.length, 1);
  });

  test("become more while the instance allows no more calls, ten at most", async () => {
    scene = await startScene({ instanceLimits: { maxConcurrentStreams: 2 } });
    const first = send();
    await answer(0);
    await succeeds(first);
    const calls = Array.from({ length: 20 }, send);
    await scene.instance.call(20);
    assert.equal(scene.instance.connections.length, 10);
    const tooMuch = send();
    await tooMuch.closed();
    assert.equal(tooMuch.response?.get("grpc-status"), "14");
    assert.match(
      String(tooMuch.response?.get("grpc-message")),
      /it takes no more calls/,
    );
    for (const number of calls.keys()) await answer(number + 1);
    for (const call of calls) await succeeds(call);
    const later = send();
    await answer(21);
    await succeeds(later);
    assert.equal(scene.instance.connections.length, 10);
  });

  test("are made anew when the instance asks to go, and old calls finish", async () => {
    scene = await startScene();
    const old = send();
    await scene.instance.call(0);
    const [connection] = scene.instance.connections;
    connection?.drain();
    await scene.instance.settled();
    const next = send();
    await answer(1);
    await succeeds(next);
    assert.equal(scene.instance.connections.length, 2);
    await answer(0);
    await succeeds(old);
    await scene.instance.closed(1);
    assert.equal(scene.instance.connections[1]?.state, "open");
  });

  test("end when the instance has left and its calls have ended", async () => {
    scene = await startScene();
    const call = send();
    await scene.instance.call(0);
    scene.instance.leave();
    const refused = send();
    await refused.closed();
    assert.equal(refused.response?.get("grpc-status"), "14");
    await answer(0);
    await succeeds(call);
    await scene.instance.closed(1);
  });

  test("that the instance ended are made anew for the next call", async () => {
    scene = await startScene();
    const lost = send();
    await scene.instance.call(0);
    scene.instance.connections[0]?.close();
    await lost.closed();
    assert.match(
      String(lost.response?.get("grpc-message")),
      /failed the call: it broke off/,
    );
    const next = send();
    await answer(1);
    await succeeds(next);
  });

  test("that broke are made anew as often as it takes", async () => {
    scene = await startScene();
    for (let number = 0; number < 12; number++) {
      const lost = send();
      await scene.instance.call(number);
      scene.instance.cut();
      await lost.closed();
      assert.match(
        String(lost.response?.get("grpc-message")),
        /failed the call: (it broke off|the connection broke)/,
      );
    }
  });
});

test("Connections that stop by themselves don't count, and their calls finish", async () => {
  await using server = createServer((socket) => {
    createServerConnection(socket, {
      onRequest: (stream) =>
        stream.respond(responseOf(200, GRPC, [["grpc-status", "0"]]), true),
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const connections = createConnections(createStats());
  const send = () => {
    const call = new Recorder(requestFor(GRPC));
    const address = `127.0.0.1:${port}`;
    call.sent(connections.request(address, call.headers, true, call));
    return call;
  };
  // As many as there may be, each of which an hour without calls, or its last
  // id, could have stopped.
  const calls: Recorder[] = [];
  for (let number = 0; number < 10; number++) {
    const call = send();
    const { context } = call.stream;
    assert.ok(context instanceof InstanceConnection);
    context.drain();
    calls.push(call);
  }
  const next = send();
  calls.push(next, send());
  assert.equal(calls.at(-1)?.stream.context, next.stream.context);
  for (const call of calls)
    assert.deepEqual(await call.closed(), { code: 0, by: "end" });
  connections.close();
});

test("An instance that wants to be asked less often for life is, up to a point", () => {
  assert.equal(moreKeepaliveMs(30_000), 60_000);
  let intervalMs = 30_000;
  for (let times = 0; times < 100; times++)
    intervalMs = moreKeepaliveMs(intervalMs);
  assert.equal(intervalMs, 5 * 60_000);
});
