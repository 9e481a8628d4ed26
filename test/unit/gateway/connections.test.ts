// How many connections there are to an instance, and how long.

import assert from "node:assert/strict";
import { afterEach, suite, test } from "node:test";
import { createHeaderBlock } from "../../../wire/index.ts";
import type { Recorder } from "./recorder.ts";
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
