// Signs of life: who doesn't answer a PING is given up, whether its process is
// frozen or the network swallows everything; who does is left alone.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { killAtExit } from "../../support/at-exit.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import { expectClosed } from "../../support/raw-http2/expectations.ts";
import type { Frame } from "../../support/raw-http2/frame-reader.ts";
import { FrameType, ping } from "../../support/raw-http2/frames.ts";
import { listenRaw } from "../../support/raw-http2/server.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import { connectClient, requestOf, startServer, turnsUntil } from "./duo.ts";

const keepalive = { intervalMs: 50, timeoutMs: 400 };
const GIVEN_UP = "close 0 the peer does not answer PING";

const isPing = ({ type, flags }: Frame) =>
  type === FrameType.ping && flags === 0;

/** A server as a process of its own. */
async function startProcess() {
  const program = fileURLToPath(new URL("frozen-program.ts", import.meta.url));
  const child = spawn(process.execPath, [program], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  killAtExit(child);
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return {
    child,
    port: Number(line.toString()),
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

describe("a client gives a server up", { concurrency: true }, () => {
  it("whose process is frozen, and its calls with it", async () => {
    await using server = await startProcess();
    using client = connectClient(server.port, { keepalive });
    const first = client.call(requestOf("/ok"), true);
    await turnsUntil("an answer", () => first.stream.closed);
    const { stream, diary } = client.call(requestOf("/never"), true);
    server.child.kill("SIGSTOP");
    await turnsUntil("it is given up", () => stream.closed);
    assert.deepEqual(diary.events, ["close connection 0"]);
    assert.equal(client.events.at(-1), GIVEN_UP);
    assert.equal(client.socket.destroyed, true);
  });

  it("that the network has swallowed", async () => {
    await using server = await startServer();
    await using proxy = await startTcpProxy(`127.0.0.1:${server.port}`);
    using client = connectClient(proxy.port, { keepalive });
    const { stream } = client.call();
    await turnsUntil("it came", () => server.arrivals.length === 1);
    // Idle and well: asked again and again.
    const asked = () => server.stats.framesReceived;
    const before = asked();
    await turnsUntil("two PING", () => asked() >= before + 2);
    assert.equal(client.connection.state, "open");
    proxy.drop();
    await turnsUntil("it is given up", () => stream.closed);
    assert.equal(stream.closedBy, "connection");
    assert.equal(client.events.at(-1), GIVEN_UP);
  });

  it("without a call under way, only if it is to", async () => {
    await using server = await startServer();
    await using proxy = await startTcpProxy(`127.0.0.1:${server.port}`);
    using silent = connectClient(proxy.port, { keepalive });
    using asking = connectClient(proxy.port, {
      keepalive: { ...keepalive, withoutStreams: true },
    });
    const all = [silent, asking];
    await turnsUntil("settings", () =>
      all.every((it) => it.events[0] !== undefined),
    );
    proxy.drop();
    await turnsUntil("it is given up", () => asking.events.length === 2);
    assert.equal(asking.events[1], GIVEN_UP);
    assert.equal(silent.connection.state, "open");
  });
});

it("a server gives up a client that doesn't answer", async () => {
  await using server = await startServer(undefined, { keepalive });
  using client = await connectRaw({ port: server.port, answers: false });
  client.request(1);
  await client.frame("a PING", isPing);
  await expectClosed(client);
  assert.deepEqual(server.goodbyes, ["0 the peer does not answer PING"]);
  const { diary } = server.arrivals[0] ?? assert.fail();
  assert.deepEqual(diary.events, ["close connection 0"]);
});

it("whoever sends anything else instead of the answer is alive, too", async () => {
  await using upstream = await listenRaw({ answers: false });
  using client = connectClient(upstream.port, {
    keepalive: { ...keepalive, timeoutMs: 5_000 },
  });
  const peer = await upstream.accept();
  const { diary } = client.call(undefined, true);
  for (let asked = 1; asked <= 4; asked++) {
    const pings = () => peer.frames.filter(isPing);
    await peer.until("a PING", () => pings()[asked - 1]);
    peer.send(ping(`${asked}`.padStart(8), false));
  }
  peer.respond(1, 200);
  await turnsUntil("the answer", () => diary.events.includes("close end"));
  assert.equal(client.connection.state, "open");
});
