// Over TLS each write of the socket is a record or more, and a system call: an
// answer takes one, a large body not many.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { after, before, it } from "node:test";
import { connect } from "node:tls";
import {
  type ClientConnection,
  createClientConnection,
  createHeaderBlock,
  createListener,
  type Listener,
  type ServerStream,
} from "../../../wire/index.ts";
import {
  type Certificates,
  makeCertificates,
} from "../../support/certificates.ts";
import { Diary, OK, requestOf, turnsUntil } from "./duo.ts";

const TRAILERS = createHeaderBlock([["grpc-status", "0"]]);
const MESSAGE = Buffer.alloc(8 << 10, "m");
const PIECE = Buffer.alloc(64 << 10, "p");
const PIECES = 160;

let certificates: Certificates;
let listener: Listener;
let connection: ClientConnection;
let hangUp: () => void;

/** As much as is taken at a time. */
function writeMuch(stream: ServerStream) {
  let left = PIECES;
  const goOn = () => {
    while (left > 0) {
      left--;
      if (!stream.write(PIECE)) return;
    }
    stream.end();
  };
  stream.handler = {
    onData() {},
    onTrailers() {},
    onSent() {
      if (stream.queuedBytes === 0 && !stream.localEnded) goOn();
    },
    onClose() {},
  };
  goOn();
}

before(async () => {
  certificates = await makeCertificates();
  const { certFile, keyFile } = certificates.server;
  listener = createListener({
    tls: { cert: await readFile(certFile), key: await readFile(keyFile) },
    onRequest(stream, { path }) {
      stream.respond(OK);
      if (path === "/much") return writeMuch(stream);
      stream.write(MESSAGE);
      stream.end(TRAILERS);
    },
  });
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
  const ca = await readFile(certificates.caFile);
  const host = "127.0.0.1";
  const socket = connect({ port, host, ca, ALPNProtocols: ["h2"] });
  hangUp = () => socket.destroy();
  await once(socket, "secureConnect");
  connection = createClientConnection(socket);
  // What both sides say by themselves is said.
  await call("/message");
  await new Promise((resolve) => connection.ping(resolve));
});
after(async () => {
  hangUp();
  await listener.close(0);
  await certificates[Symbol.asyncDispose]();
});

async function call(path: string): Promise<Diary> {
  const diary = new Diary();
  assert.ok(connection.request(requestOf(path), true, diary));
  await turnsUntil("the end", () => diary.events.includes("close end"));
  return diary;
}

it("an answer's HEADERS, 8 KiB of DATA and trailers take one write", async () => {
  const before = listener.stats.socketWrites;
  for (let i = 0; i < 100; i++) {
    const { bodyBytes, trailers } = await call("/message");
    assert.equal(bodyBytes, MESSAGE.length);
    assert.equal(trailers?.get("grpc-status"), "0");
  }
  const writes = listener.stats.socketWrites - before;
  // A credit of the connection's window now and then has one of its own.
  assert.ok(writes <= 110, `${writes} writes for 100 answers`);
});

it("a body of 10 MiB takes at most 400 writes", async () => {
  const before = listener.stats.socketWrites;
  const { bodyBytes } = await call("/much");
  assert.equal(bodyBytes, PIECES * PIECE.length);
  const writes = listener.stats.socketWrites - before;
  assert.ok(writes <= 400, `${writes} writes`);
});
