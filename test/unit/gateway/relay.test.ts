// What a call looks like on the other side of the gateway, step by step.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, suite, test } from "node:test";
import {
  createHeaderBlock,
  ErrorCode,
  HeaderField,
} from "../../../wire/index.ts";
import type { Recorder } from "./recorder.ts";
import { requestFor, responseOf, type Scene, startScene } from "./scene.ts";

const GRPC = "application/grpc";
const JSON_TYPE = "application/json";
const MIB = 1 << 20;
const ok = createHeaderBlock([["grpc-status", "0"]]);

let scene: Scene;
afterEach(() => scene[Symbol.asyncDispose]());

async function start(): Promise<void> {
  scene = await startScene();
}

/** With an instance that takes less than the gateway does. */
async function startNarrow(): Promise<void> {
  const instanceLimits = { streamWindowBytes: 100_000 };
  scene = await startScene({ instanceLimits });
}

/** A call that has reached the instance. */
async function open(
  headers = requestFor(GRPC),
  endStream = false,
): Promise<{ caller: Recorder; served: Recorder }> {
  const number = scene.instance.calls.length;
  const caller = scene.request(headers, endStream);
  return { caller, served: await scene.instance.call(number) };
}

suite("A call", () => {
  beforeEach(start);

  test("carries bodies and trailers both ways", async () => {
    const { caller, served } = await open();
    caller.stream.write(Buffer.from("question"));
    caller.stream.end(createHeaderBlock([["x-checksum", "1"]]));
    await served.until(() => served.ended);
    assert.equal(served.text(), "question");
    assert.equal(served.trailers?.get("x-checksum"), "1");
    served.stream.respond(responseOf(200, GRPC, [["x-a", "1"]]));
    served.stream.write(Buffer.from("answer"));
    served.stream.end(
      createHeaderBlock([
        ["grpc-status", "0"],
        ["x-b", "2"],
      ]),
    );
    assert.deepEqual(await caller.closed(), { code: 0, by: "end" });
    assert.equal(caller.response?.get("x-a"), "1");
    assert.equal(caller.text(), "answer");
    assert.equal(caller.trailers?.get("x-b"), "2");
    assert.deepEqual(await served.closed(), { code: 0, by: "end" });
    await scene.instance.settled();
    assert.equal(scene.instance.stats.resetsReceived, 0);
  });

  test("may talk in both directions at once, piece by piece", async () => {
    const { caller, served } = await open();
    served.stream.respond(responseOf(200, GRPC));
    for (const word of ["one", "two", "three"]) {
      caller.stream.write(Buffer.from(word));
      await served.until(() => served.text().endsWith(word));
      served.stream.write(Buffer.from(word.toUpperCase()));
      await caller.until(() => caller.text().endsWith(word.toUpperCase()));
    }
    served.stream.end(ok);
    caller.stream.end();
    await caller.closed();
    assert.equal(caller.text(), "ONETWOTHREE");
  });

  test("without a body reaches the instance without one", async () => {
    const { served } = await open(requestFor(JSON_TYPE), true);
    assert.ok(served.ended);
    assert.equal(served.bytes, 0);
  });

  test("may be answered by a header block alone, and stays so", async () => {
    const { caller, served } = await open();
    caller.stream.end();
    served.stream.respond(responseOf(200, GRPC, [["grpc-status", "5"]]), true);
    await caller.closed();
    assert.ok(caller.isHeadersOnly);
    assert.equal(caller.response?.get("grpc-status"), "5");
  });

  test("keeps the length that the instance has announced, to HEAD as well", async () => {
    const head = requestFor(JSON_TYPE, [], "HEAD");
    const { caller, served } = await open(head, true);
    served.stream.respond(
      responseOf(200, JSON_TYPE, [["content-length", "1000"]]),
      true,
    );
    assert.deepEqual(await caller.closed(), { code: 0, by: "end" });
    assert.equal(caller.response?.contentLength, 1_000);
    assert.equal(caller.bytes, 0);
  });

  test("is told to go on once, and of early hints by the instance", async () => {
    const expecting = requestFor(JSON_TYPE, [["expect", "100-continue"]]);
    const { caller, served } = await open(expecting);
    assert.equal(served.headers.get("expect"), undefined);
    const link = "</style.css>; rel=preload";
    for (const [status, value] of [
      ["100", "second"],
      ["103", link],
    ] as const)
      served.stream.inform(
        createHeaderBlock([
          [":status", status],
          ["link", value],
        ]),
      );
    await caller.until(() => caller.informed.length === 2);
    const [first, second] = caller.informed;
    assert.equal(first?.status, 100);
    assert.equal(first?.get("link"), undefined);
    assert.equal(second?.status, 103);
    assert.equal(second?.get("link"), link);
  });

  test("keeps secrets from being indexed on the next hop", async () => {
    const secret = new HeaderField("authorization", "Bearer x", true);
    const { served } = await open(requestFor(GRPC, [secret]));
    const { fields } = served.headers;
    const field = fields.find(({ name }) => name === "authorization");
    assert.equal(field?.value, "Bearer x");
    assert.equal(field.neverIndexed, true);
  });
});

test("Calls of one HTTP/1.1 connection are relayed in turn", async () => {
  await start();
  const { hostname, port } = new URL(scene.url);
  const socket = connect(Number(port), hostname);
  let received = "";
  socket.on("data", (data) => {
    received += data.toString("latin1");
  });
  const { path } = requestFor(JSON_TYPE);
  const head = `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: ${JSON_TYPE}\r\n`;
  const body = "content-length: 2\r\n\r\n{}";
  socket.write(head + body + head + body);
  socket.write(`${head}connection: close\r\n${body}`);
  for (let number = 0; number < 3; number++) {
    const { stream } = await scene.instance.call(number);
    stream.respond(responseOf(200, JSON_TYPE));
    stream.write(Buffer.from(`[${number}]`), true);
  }
  await once(socket, "close");
  assert.equal(received.match(/HTTP\/1\.1 200 /g)?.length, 3);
  assert.match(received, /\[0\].*\[1\].*\[2\]/s);
});

suite("A call that one side gives up", () => {
  beforeEach(start);

  test("is cancelled at the instance when the caller resets it", async () => {
    const { caller, served } = await open();
    served.stream.respond(responseOf(200, GRPC));
    await caller.until(() => caller.response !== undefined);
    caller.stream.reset(ErrorCode.cancel);
    const expected = { code: ErrorCode.cancel, by: "peer" };
    assert.deepEqual(await served.closed(), expected);
    assert.doesNotMatch(scene.log.join(), /failed a call/);
  });

  test("fails in the caller's protocol when the instance resets it", async () => {
    const { caller, served } = await open();
    served.stream.reset(ErrorCode.internalError);
    await caller.until(() => caller.response !== undefined);
    assert.ok(caller.isHeadersOnly);
    assert.equal(caller.response?.get("grpc-status"), "14");
    assert.equal(
      caller.response?.get("grpc-message"),
      "instance one of test failed the call: it reset the stream",
    );
  });

  test("is cut off where an announced length leaves no place for an error", async () => {
    const { caller, served } = await open();
    served.stream.respond(responseOf(200, GRPC, [["content-length", "10"]]));
    await caller.until(() => caller.response !== undefined);
    served.stream.reset(ErrorCode.internalError);
    const expected = { code: ErrorCode.internalError, by: "peer" };
    assert.deepEqual(await caller.closed(), expected);
  });

  test("counts as broken off when the instance resets it without a fault, half-way", async () => {
    const { caller, served } = await open(requestFor(JSON_TYPE));
    served.stream.respond(responseOf(200, JSON_TYPE));
    served.stream.write(Buffer.from("{"));
    await caller.until(() => caller.text() === "{");
    served.stream.reset(ErrorCode.noError);
    assert.equal((await caller.closed()).code, ErrorCode.internalError);
    assert.match(scene.log.join(), /"reason":"it broke off"/);
  });
});

suite("A call whose answer is complete before its request", () => {
  beforeEach(startNarrow);

  test("lets the caller say all it has to say, and troubles the instance no more", async () => {
    const { caller, served } = await open(requestFor(JSON_TYPE));
    served.stopConsuming();
    // More than fits into both windows: some of it waits in the gateway.
    caller.stream.write(Buffer.alloc(4 * MIB));
    await served.until(() => served.bytes === 100_000);
    served.stream.respond(responseOf(429, JSON_TYPE));
    served.stream.write(Buffer.from("{}"), true);
    const expected = { code: ErrorCode.noError, by: "peer" };
    assert.deepEqual(await served.closed(), expected);
    caller.stream.end();
    assert.deepEqual(await caller.closed(), { code: 0, by: "end" });
    assert.equal(caller.response?.status, 429);
    assert.equal(served.bytes, 100_000);
    // The connections are none the worse for it.
    const next = await open();
    assert.equal(scene.instance.connections.length, 1);
    next.served.stream.respond(responseOf(200, GRPC), true);
    await next.caller.until(() => next.caller.ended);
  });

  test("also when the instance resets the rest", async () => {
    const { caller, served } = await open(requestFor(JSON_TYPE));
    served.stopConsuming();
    caller.stream.write(Buffer.alloc(4 * MIB));
    await served.until(() => served.bytes === 100_000);
    served.stream.respond(responseOf(429, JSON_TYPE), true);
    served.stream.reset(ErrorCode.noError);
    caller.stream.end();
    assert.deepEqual(await caller.closed(), { code: 0, by: "end" });
    assert.equal(caller.response?.status, 429);
  });

  test("and whose instance fails before lets the caller say all as well", async () => {
    const { caller, served } = await open(requestFor(JSON_TYPE));
    served.stopConsuming();
    caller.stream.write(Buffer.alloc(4 * MIB));
    await served.until(() => served.bytes === 100_000);
    served.stream.reset(ErrorCode.internalError);
    caller.stream.end();
    assert.deepEqual(await caller.closed(), { code: 0, by: "end" });
    assert.equal(caller.response?.status, 503);
  });
});
