// A slow reader holds up whoever sends to it, and fills no memory in between.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { afterEach, suite, test } from "node:test";
import { createHeaderBlock } from "../../../wire/index.ts";
import {
  requestFor,
  responseOf,
  type Scene,
  type SceneOptions,
  startScene,
} from "./scene.ts";

const GRPC = "application/grpc";
const MIB = 1 << 20;
const ok = createHeaderBlock([["grpc-status", "0"]]);

suite("A side that doesn't read", () => {
  let scene: Scene;
  afterEach(() => scene[Symbol.asyncDispose]());

  const windowBytes = 100_000;
  const body = randomBytes(4 * MIB);
  const digest = (pieces: readonly Buffer[]) =>
    createHash("sha256").update(Buffer.concat(pieces)).digest("hex");
  // What the gateway takes of a caller, and of an instance.
  const edgeWindowBytes = 256 << 10;
  const instanceWindowBytes = 256 << 10;
  const options: SceneOptions = {
    instanceLimits: { streamWindowBytes: windowBytes },
    callerLimits: { streamWindowBytes: windowBytes },
  };

  test("holds up a caller who uploads, and nothing is lost", async () => {
    scene = await startScene(options);
    const caller = scene.request(requestFor(GRPC));
    const served = await scene.instance.call(0);
    served.stopConsuming();
    caller.stream.write(body);
    await served.until(() => served.bytes === windowBytes);
    await scene.settled();
    assert.equal(served.bytes, windowBytes);
    const most = windowBytes + edgeWindowBytes;
    assert.ok(caller.stream.queuedBytes >= body.length - most);
    caller.stream.end();
    served.consumeAll();
    await served.until(() => served.ended);
    assert.equal(digest(served.body), digest([body]));
  });

  test("holds up an instance that answers, and nothing is lost", async () => {
    scene = await startScene(options);
    const caller = scene.request(requestFor(GRPC), true);
    const served = await scene.instance.call(0);
    caller.stopConsuming();
    served.stream.respond(responseOf(200, GRPC));
    served.stream.write(body);
    await caller.until(() => caller.bytes === windowBytes);
    await scene.settled();
    assert.equal(caller.bytes, windowBytes);
    const most = windowBytes + instanceWindowBytes;
    assert.ok(served.stream.queuedBytes >= body.length - most);
    served.stream.end(ok);
    caller.consumeAll();
    await caller.closed();
    assert.equal(digest(caller.body), digest([body]));
    assert.equal(caller.trailers?.get("grpc-status"), "0");
  });
});
