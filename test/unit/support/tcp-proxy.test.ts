// Tests the TCP proxy with plain sockets on both sides.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, test } from "node:test";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";

let stack: AsyncDisposableStack;
let server: Server;
let proxy: TcpProxy;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(() => closed(server));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  proxy = stack.use(await startTcpProxy(`127.0.0.1:${address.port}`));
});

afterEach(() => stack.disposeAsync());

test("bytes and the end pass both ways, and are counted", async () => {
  const { client, peer } = await open();
  client.send("ping");
  assert.equal(await peer.receive(4), "ping");
  peer.send("welcome");
  assert.equal(await client.receive(7), "welcome");
  assert.deepEqual(proxy.passed, { "to target": 4, "to client": 7 });
  const close = proxy.next("close");
  client.socket.end();
  assert.equal(await peer.end, "end");
  peer.send("late");
  peer.socket.end();
  assert.equal(await client.receive(4), "late");
  assert.equal(await client.end, "end");
  await close;
  assert.deepEqual([proxy.connections, proxy.openConnections], [1, 0]);
});

test("a megabyte passes although the receiver reads late", async () => {
  const { client, peer } = await open();
  peer.socket.pause();
  const megabyte = "x".repeat(1 << 20);
  client.send(megabyte);
  client.socket.end();
  await proxy.next("bytes to target");
  peer.socket.resume();
  assert.equal(await peer.receive(1 << 20), megabyte);
});

test("what is stalled stays unheard, and passes later", async () => {
  const { client, peer } = await open();
  proxy.stall();
  client.send("held");
  peer.send("held too");
  // A new one is accepted, and what it says is held as well.
  const accepted = proxy.next("connection");
  const other = open();
  await accepted;
  client.socket.end();
  await throughServer();
  assert.deepEqual(proxy.passed, { "to target": 0, "to client": 0 });
  assert.equal(proxy.openConnections, 2);
  proxy.pass();
  assert.equal(await peer.receive(4), "held");
  assert.equal(await client.receive(8), "held too");
  assert.equal(await peer.end, "end");
  const second = await other;
  second.client.send("hello");
  assert.equal(await second.peer.receive(5), "hello");
});

test("one direction alone can be stalled", async () => {
  const { client, peer } = await open();
  proxy.stall("to client");
  client.send("ping");
  assert.equal(await peer.receive(4), "ping");
  peer.send("pong");
  await throughServer();
  assert.equal(proxy.passed["to client"], 0);
  proxy.pass();
  assert.equal(await client.receive(4), "pong");
});

test("dropped replies vanish while requests pass, and the connection is reset when they may pass again", async () => {
  const { client, peer } = await open();
  proxy.dropReplies();
  client.send("ping");
  assert.equal(await peer.receive(4), "ping");
  const loss = proxy.next("loss to client");
  peer.send("pong");
  await loss;
  assert.deepEqual(proxy.lost, { "to target": 0, "to client": 4 });
  proxy.pass();
  assert.equal(await client.end, "ECONNRESET");
  assert.equal(await peer.end, "ECONNRESET");
  const again = await open();
  again.peer.send("pong");
  assert.equal(await again.client.receive(4), "pong");
});

test("a black hole swallows bytes and ends of both sides", async () => {
  const { client, peer } = await open();
  proxy.drop();
  const losses = [proxy.next("loss to target"), proxy.next("loss to client")];
  client.send("ping");
  peer.send("pong");
  await Promise.all(losses);
  client.socket.end();
  peer.socket.destroy();
  await throughServer();
  assert.deepEqual(proxy.passed, { "to target": 0, "to client": 0 });
  assert.equal(client.socket.closed, false);
});

test("a connection that lost nothing outlives a black hole", async () => {
  const { client, peer } = await open();
  proxy.drop();
  proxy.pass();
  client.send("ping");
  assert.equal(await peer.receive(4), "ping");
});

test("all connections are reset on both sides, even stalled ones", async () => {
  const first = await open();
  const second = await open();
  proxy.stall();
  proxy.reset();
  for (const side of [first.client, first.peer, second.client, second.peer])
    assert.equal(await side.end, "ECONNRESET");
});

test("connections are refused until they are accepted again on the same port", async () => {
  const { client, peer } = await open();
  proxy.refuse();
  const refused = connect(proxy.port, "127.0.0.1");
  await assert.rejects(once(refused, "connect"), { code: "ECONNREFUSED" });
  client.send("still here");
  assert.equal(await peer.receive(10), "still here");
  await proxy.accept();
  await proxy.accept();
  const again = await open();
  again.client.send("back");
  assert.equal(await again.peer.receive(4), "back");
});

test("a connection is cut after so many bytes to the client, and the next one is not", async () => {
  const { client, peer } = await open();
  proxy.cutAfter(6);
  client.send("requests don't count");
  await peer.receive(20);
  peer.send("abc");
  assert.equal(await client.receive(3), "abc");
  const cut = proxy.next("cut");
  peer.send("defghi");
  await cut;
  assert.equal(await client.end, "end");
  assert.equal(client.received, "def");
  assert.equal(await peer.end, "ECONNRESET");
  client.socket.end();
  const again = await open();
  again.peer.send("abcdefghi");
  assert.equal(await again.client.receive(9), "abcdefghi");
});

test("a delay holds bytes back and keeps their order", async () => {
  const { client, peer } = await open();
  proxy.delay(30);
  const sentAt = performance.now();
  client.send("a");
  await throughServer();
  proxy.delay(0);
  client.send("b");
  assert.equal(await peer.receive(2), "ab");
  assert.ok(performance.now() - sentAt >= 30);
});

test("a client is reset when nobody listens at the target", async () => {
  await closed(server);
  const client = new Side(connect(proxy.port, "127.0.0.1"));
  assert.equal(await client.end, "ECONNRESET");
});

/** One end of a connection, and all it heard. */
class Side {
  readonly socket: Socket;
  /** How it ended: "end", or the code of an error. */
  readonly end: Promise<string>;
  received = "";

  constructor(socket: Socket) {
    this.socket = socket;
    stack.defer(() => void socket.destroy());
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      this.received += text;
    });
    this.end = new Promise((resolve) => {
      socket.once("end", () => resolve("end"));
      socket.once("error", (error: NodeJS.ErrnoException) =>
        resolve(String(error.code)),
      );
    });
  }

  send(text: string): void {
    this.socket.write(text);
  }

  /** Wait until this many characters have come, and take them all. */
  async receive(length: number): Promise<string> {
    while (this.received.length < length) await once(this.socket, "data");
    const text = this.received;
    this.received = "";
    return text;
  }
}

/** A connection through the proxy, with what the server has of it. */
async function open(): Promise<{ client: Side; peer: Side }> {
  const accepted = once(server, "connection");
  const options = { host: "127.0.0.1", port: proxy.port, allowHalfOpen: true };
  const client = new Side(connect(options));
  const [socket] = await accepted;
  return { client, peer: new Side(socket) };
}

/**
 * Wait until the event loop has been through the network a few times, to show
 * that something does not come.
 */
async function throughServer(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await using past = await startTcpProxy({ host: "127.0.0.1", port: 1 });
    const socket = connect(past.port, "127.0.0.1");
    await once(socket, "close").catch(() => {});
  }
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return;
  server.close();
  await once(server, "close");
}
