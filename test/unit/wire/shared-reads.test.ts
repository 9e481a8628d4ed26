// Tests wire/shared-reads.ts on real sockets: accepted ones, ones that are
// still connecting, and both ends over TLS are read into the one buffer, in
// order, and only when they are to be read.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { after, before, describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  connect as connectTls,
  createServer as createTlsServer,
} from "node:tls";
import { isShared, keepBytes, readShared } from "../../../wire/shared-reads.ts";
import {
  type Certificates,
  makeCertificates,
} from "../../support/certificates.ts";
import { until } from "../../support/until.ts";

/** Both ends of a connection, neither of them read yet. */
interface Pair extends Disposable {
  readonly accepted: Socket;
  readonly connecting: Socket;
}

let certificates: Certificates;
let tls: { cert: Buffer; key: Buffer };

before(async () => {
  certificates = await makeCertificates();
  const { certFile, keyFile } = certificates.server;
  tls = { cert: await readFile(certFile), key: await readFile(keyFile) };
});

after(() => certificates[Symbol.asyncDispose]());

async function openPair(isTls: boolean): Promise<Pair> {
  const server = isTls ? createTlsServer(tls) : createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const accepting = once(server, isTls ? "secureConnection" : "connection");
  const connecting = isTls
    ? connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false })
    : connect({ port, host: "127.0.0.1" });
  const [accepted] = (await accepting) as [Socket];
  server.close();
  return {
    accepted,
    connecting,
    [Symbol.dispose]() {
      accepted.destroy();
      connecting.destroy();
    },
  };
}

/** Reads a stream, and keeps what came. */
class Reader {
  bytes = Buffer.alloc(0);
  /** How many pieces came, and how many of them lay in the shared buffer. */
  pieces = 0;
  sharedPieces = 0;

  constructor(stream: Duplex) {
    readShared(stream, (bytes) => {
      this.pieces++;
      if (isShared(bytes)) this.sharedPieces++;
      this.bytes = Buffer.concat([this.bytes, bytes]);
    });
  }
}

for (const isTls of [false, true]) {
  describe(isTls ? "over TLS" : "over TCP", () => {
    test("both ends are read into the one buffer, in order", async () => {
      using pair = await openPair(isTls);
      const ends = [pair.accepted, pair.connecting];
      const readers = ends.map((end) => new Reader(end));
      const large = Buffer.from(
        Array.from({ length: 300_000 }, (_, i) => i * 7),
      );
      for (const end of ends) {
        end.write(large);
        end.end("the end");
      }
      await Promise.all(ends.map((end) => once(end, "end")));
      for (const { bytes, pieces, sharedPieces } of readers) {
        assert.ok(bytes.equals(Buffer.concat([large, Buffer.from("the end")])));
        assert.ok(pieces > 1);
        assert.equal(sharedPieces, pieces);
      }
    });

    test("a socket that is paused isn't read, until it is resumed", async () => {
      using pair = await openPair(isTls);
      const reader = new Reader(pair.accepted);
      pair.connecting.write("1");
      await until("all has come", () => reader.bytes.length === 1);
      pair.accepted.pause();
      pair.connecting.write("2".repeat(100));
      for (let turn = 0; turn < 5; turn++) await nextTurn();
      assert.equal(reader.bytes.length, 1);
      pair.accepted.resume();
      await until("all has come", () => reader.bytes.length === 101);
    });

    test("what Node has read before comes first", async () => {
      using pair = await openPair(isTls);
      const { accepted, connecting } = pair;
      connecting.write("first ");
      await once(accepted, "readable");
      const head: Buffer = accepted.read();
      accepted.unshift(head);
      const reader = new Reader(accepted);
      connecting.write("second");
      await until("all has come", () => reader.bytes.length === 12);
      assert.equal(reader.bytes.toString(), "first second");
      assert.ok(reader.sharedPieces > 0);
    });
  });
}

test("a socket that is still connecting is read from its first byte", async () => {
  const server = createServer((socket) => socket.end("hello"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1" });
  assert.ok(socket.connecting);
  const reader = new Reader(socket);
  await once(socket, "end");
  assert.equal(reader.bytes.toString(), "hello");
  assert.equal(reader.sharedPieces, reader.pieces);
  server.close();
});

test("a stream that isn't a socket is read as ever", async () => {
  const stream = new Duplex({ read() {}, write() {} });
  const reader = new Reader(stream);
  stream.push("bytes");
  await nextTurn();
  assert.equal(reader.bytes.toString(), "bytes");
  assert.equal(reader.sharedPieces, 0);
});

describe("bytes that are to be kept", () => {
  test("are copied if they lie in the shared buffer", async () => {
    using pair = await openPair(false);
    const kept: Buffer[] = [];
    readShared(pair.accepted, (bytes) => kept.push(keepBytes(bytes)));
    const length = () => Buffer.concat(kept).length;
    pair.connecting.write(Buffer.alloc(60_000, "a"));
    await until("all has come", () => length() === 60_000);
    pair.connecting.write(Buffer.alloc(60_000, "b"));
    await until("all has come", () => length() === 120_000);
    const expected = `${"a".repeat(60_000)}${"b".repeat(60_000)}`;
    assert.equal(Buffer.concat(kept).toString(), expected);
  });

  test("are copied if they are a small part of a chunk, else not", () => {
    const chunk = Buffer.allocUnsafeSlow(1_000);
    const small = chunk.subarray(0, 249);
    assert.notEqual(keepBytes(small).buffer, chunk.buffer);
    assert.deepEqual(keepBytes(small), small);
    assert.equal(keepBytes(small).buffer.byteLength, 249);
    const large = chunk.subarray(0, 250);
    assert.equal(keepBytes(large), large);
  });
});
