// Connections of either version that take too long, or that their peer has
// left: node:http arms its time-outs only if it listens itself, and leaves
// half-open connections open. Time-outs are set to a fraction of a second.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { edgeLimits, resolveLimits } from "../../../wire/index.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import {
  expectClosed,
  expectGoaway,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import { Code } from "../../support/raw-http2/frames.ts";
import { until } from "../../support/until.ts";
import { answer, connectLine, startService } from "./service.ts";

const GET = "GET /ok HTTP/1.1\r\nhost: test\r\n\r\n";

/** The edge preset with one other number. */
function limitsWith(changes: Parameters<typeof resolveLimits>[1]) {
  return { limits: resolveLimits(edgeLimits, changes) };
}

describe("an HTTP/1.1 connection ends when its time is up", () => {
  const starts: [name: string, start: string][] = [
    ["within the request line", "GET /ok"],
    ["after the request line", "GET /ok HTTP/1.1\r\n"],
    ["within the header", "GET /ok HTTP/1.1\r\nhost: te"],
    ["before the last line", "GET /ok HTTP/1.1\r\nhost: test\r\n"],
    ["in the second request", `${GET}GET /ok HTTP/1.1\r\n`],
  ];
  for (const [name, start] of starts) {
    it(`it stops ${name}`, async () => {
      const options = limitsWith({ headersTimeoutMs: 200 });
      await using service = await startService(options);
      using line = await connectLine(service.port);
      line.send(start);
      const text = await line.ended();
      assert.equal(text.includes("HTTP/1 /ok"), start.startsWith(GET));
      assert.match(text, /HTTP\/1\.1 408 /);
      const { violations } = service.listener.stats;
      assert.deepEqual(violations, { headersTimeoutMs: 1 });
    });

    it(`it trickles ${name}`, async () => {
      const options = limitsWith({ headersTimeoutMs: 200 });
      await using service = await startService(options);
      using line = await connectLine(service.port);
      line.send(start);
      const timer = setInterval(() => line.send("x"), 10);
      try {
        await line.ended();
      } finally {
        clearInterval(timer);
      }
    });
  }

  it("it says nothing", async () => {
    await using service = await startService(
      limitsWith({ prefaceTimeoutMs: 200 }),
    );
    using line = await connectLine(service.port);
    assert.equal(await line.ended(), "");
  });

  it("it waits too long for its next request", async () => {
    await using service = await startService({ http1KeepAliveMs: 200 });
    using line = await connectLine(service.port);
    line.send(GET);
    assert.match(await line.ended(), /HTTP\/1 \/ok/);
  });

  it("it takes nothing of its answer", async () => {
    await using service = await startService(
      limitsWith({ stallTimeoutMs: 300 }),
    );
    using line = await connectLine(service.port);
    line.socket.pause();
    line.send("GET /hold HTTP/1.1\r\nhost: test\r\n\r\n");
    await service.holding(1);
    const [stream] = service.held;
    answer(stream ?? assert.fail(), "x".repeat(50_000_000));
    await until("its stream is closed", () => stream?.closed);
    assert.notEqual(stream?.closedBy, "end");
  });
});

describe("an HTTP/2 connection ends", () => {
  it("when it has had no stream for long", async () => {
    const options = limitsWith({ idleTimeoutMs: 300 });
    await using service = await startService(options);
    using client = await connectRaw({ port: service.port });
    client.request(1);
    await expectResponse(client, 1, 200);
    await expectGoaway(client, Code.noError);
    await until("it is gone", () => service.listener.snapshot().length === 0);
  });

  it("not when it is idle, as long as a stream is open", async () => {
    const options = limitsWith({ idleTimeoutMs: 100 });
    await using service = await startService(options);
    using client = await connectRaw({ port: service.port });
    using other = await connectRaw({ port: service.port });
    client.request(1, { path: "/hold" });
    await service.holding(1);
    await expectGoaway(other, Code.noError);
    using another = await connectRaw({ port: service.port });
    await expectGoaway(another, Code.noError);
    answer(service.held[0] ?? assert.fail(), "late");
    await expectResponse(client, 1, 200);
  });

  it("when it is old, after its streams have ended", async () => {
    await using service = await startService(limitsWith({ maxAgeMs: 300 }));
    using client = await connectRaw({ port: service.port });
    client.request(1, { path: "/hold" });
    await service.holding(1);
    await client.frame("GOAWAY", ({ type }) => type === 7);
    answer(service.held[0] ?? assert.fail(), "late");
    await expectResponse(client, 1, 200);
    await expectGoaway(client, Code.noError);
  });

  it("when its peer just ends its side, without GOAWAY", async () => {
    await using service = await startService();
    using line = await connectLine(service.port);
    line.send(Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    line.send(Buffer.from("000000040000000000", "hex"));
    await until("it is there", () => service.listener.snapshot().length === 1);
    line.socket.end();
    await line.ended();
    await until("it is gone", () => service.listener.snapshot().length === 0);
    assert.equal(service.listener.stats.openConnections, 0);
  });
});

it("answers an HTTP/1.1 caller who has ended its side", async () => {
  await using service = await startService();
  using line = await connectLine(service.port);
  line.socket.end(GET);
  assert.match(await line.ended(), /HTTP\/1 \/ok/);
});

it("forgets a connection that ends before it said which version it speaks", async () => {
  await using service = await startService();
  for (const start of ["", "P", "PR", "PRI", "PRI * HTTP/2.0\r\n\r\n"]) {
    using line = await connectLine(service.port);
    line.socket.end(start);
    await line.ended();
  }
  using client = await connectRaw({ port: service.port });
  client.request(1);
  await expectResponse(client, 1, 200);
  assert.equal(service.listener.stats.openConnections, 1);
  client.socket.end();
  await expectClosed(client);
});
