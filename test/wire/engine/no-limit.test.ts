// Infinity is a time limit, too: none. A timer that is set to it would be over
// at once.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { edgeLimits, resolveLimits } from "../../../wire/index.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import { expectResponse } from "../../support/raw-http2/expectations.ts";
import { type Frame, hasFlag } from "../../support/raw-http2/frame-reader.ts";
import {
  Flag,
  FrameType,
  headers,
  PREFACE,
  ping,
  settings,
  windowUpdate,
} from "../../support/raw-http2/frames.ts";
import { requestBlock } from "../../support/raw-http2/hpack.ts";
import {
  answer,
  connectLine,
  type Service,
  startService,
} from "../listener/service.ts";

const OFF = Number.POSITIVE_INFINITY;

const names = [
  "prefaceTimeoutMs",
  "headersTimeoutMs",
  "stallTimeoutMs",
  "idleTimeoutMs",
] as const;

/** More than the system takes for a caller who doesn't read. */
const MUCH = "x".repeat(20_000_000);

/** Another connection, silent within its preface, is over. */
async function anotherIsCutOff(): Promise<void> {
  const limits = resolveLimits(edgeLimits, { prefaceTimeoutMs: 250 });
  await using service = await startService({ limits });
  using line = await connectLine(service.port);
  line.send(PREFACE);
  await line.ended();
}

/** So many are held; answer the last one with much. */
async function answerMuch(service: Service): Promise<void> {
  await service.holding(1);
  answer(service.held[0] ?? assert.fail(), MUCH);
}

const isSettings = ({ type }: Frame) => type === FrameType.settings;

describe("no limit is what Infinity means as", { concurrency: true }, () => {
  for (const name of names) {
    const limits = () => resolveLimits(edgeLimits, { [name]: OFF });

    it(`${name} of HTTP/1.1`, async () => {
      await using service = await startService({ limits: limits() });
      using line = await connectLine(service.port);
      await anotherIsCutOff();
      line.send("GET /ok HTTP/1.1\r\nhost");
      await anotherIsCutOff();
      line.send(": test\r\n\r\n");
      await line.expect(/HTTP\/1 \/ok/);
      await anotherIsCutOff();
      line.socket.pause();
      line.send("GET /hold HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
      await answerMuch(service);
      await anotherIsCutOff();
      line.socket.resume();
      const text = await line.ended();
      assert.ok(text.length > MUCH.length, `${text.length} characters`);
      assert.equal(service.held[0]?.closedBy, "end");
      assert.deepEqual(service.listener.stats.violations, {});
    });

    it(`${name} of HTTP/2`, async () => {
      await using service = await startService({ limits: limits() });
      const first = PREFACE.subarray(0, 2);
      // An answer to its SETTINGS must not come before ours.
      const options = { port: service.port, first, answers: false };
      using client = await connectRaw(options);
      await anotherIsCutOff();
      client.send(PREFACE.subarray(2));
      await anotherIsCutOff();
      client.send(settings());
      await client.frame("SETTINGS", isSettings);
      const request = headers(1, requestBlock(), { endStream: true });
      client.send(request.subarray(0, 15));
      await anotherIsCutOff();
      client.send(request.subarray(15));
      await expectResponse(client, 1, 200);
      await anotherIsCutOff();
      client.request(3, { path: "/hold" });
      await answerMuch(service);
      await anotherIsCutOff();
      client.send(windowUpdate(0, 1 << 30), windowUpdate(3, 1 << 30));
      const { body } = await expectResponse(client, 3, 200);
      assert.ok(body.length > MUCH.length, `${body.length} bytes`);
      client.send(ping("and on.."));
      const isPong = (frame: Frame) =>
        frame.type === FrameType.ping && hasFlag(frame, Flag.ack);
      await client.frame("the answer to PING", isPong);
      assert.deepEqual(service.listener.stats.violations, {});
    });
  }

  it("the time that close() gives", async () => {
    await using service = await startService();
    const { listener, port } = service;
    using line = await connectLine(port);
    line.send("GET /hold HTTP/1.1\r\nhost: test\r\n\r\n");
    await service.holding(1);
    using client = await connectRaw({ port });
    client.request(1, { path: "/hold" });
    await service.holding(2);
    const closed = listener.close(OFF);
    await anotherIsCutOff();
    for (const stream of service.held) answer(stream, "late");
    assert.match(await line.ended(), /HTTP\/1 late/);
    const { body } = await expectResponse(client, 1, 200);
    assert.equal(body.toString(), "HTTP/2 late");
    await closed;
  });
});
