// What no peer may send, to a server and to a client of ours: GOAWAY with the
// right code, the end of the connection, and the end of its streams. What only
// one role may not send is below. RFC 9113, sections 5 and 6.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connectRaw } from "../../support/raw-http2/client.ts";
import {
  expectClosed,
  expectGoaway,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import {
  Code,
  data,
  headers,
  PREFACE,
  ping,
  pushPromise,
  rstStream,
  Setting,
  settings,
  settingsAck,
} from "../../support/raw-http2/frames.ts";
import { literal, requestBlock } from "../../support/raw-http2/hpack.ts";
import { listenRaw } from "../../support/raw-http2/server.ts";
import { connectCaller } from "./calls.ts";
import {
  type ConnectionError,
  connectionErrors,
  harmless,
} from "./connection-errors.ts";
import { startSubject } from "./subject.ts";

const END = { endStream: true };

const toServers: readonly ConnectionError[] = [
  ...connectionErrors,
  {
    name: "PUSH_PROMISE of a client",
    bytes: pushPromise(1, 2, requestBlock()),
    code: Code.protocolError,
  },
  {
    name: "a stream id below the last one",
    bytes: Buffer.concat([
      headers(9, requestBlock(), END),
      headers(5, requestBlock(), END),
    ]),
    code: Code.protocolError,
  },
  {
    name: "DATA on a stream that has ended",
    bytes: Buffer.concat([headers(3, requestBlock(), END), data(3, "late")]),
    code: Code.streamClosed,
  },
  {
    name: "HEADERS on a stream that has ended",
    bytes: Buffer.concat([
      headers(3, requestBlock(), END),
      headers(3, requestBlock(), END),
    ]),
    code: Code.streamClosed,
  },
  {
    name: "DATA on a stream that the client reset",
    bytes: Buffer.concat([rstStream(1, 8), data(1, "late")]),
    code: Code.streamClosed,
  },
];

describe("a server ends the connection for", () => {
  for (const { name, bytes, code } of toServers) {
    it(name, async () => {
      await using subject = await startSubject();
      using client = await connectRaw({ port: subject.port });
      const upload = { method: "POST", path: "/upload" };
      client.request(1, upload, { endStream: false });
      client.send(bytes);
      client.request(99, { path: "/after" });
      await expectGoaway(client, code);
      const [upstream] = subject.reached;
      assert(upstream?.closed !== undefined, "its streams have ended");
      assert(subject.reached.every(({ path }) => path !== "/after"));
      assert.equal(subject.goodbyes[0]?.code, code);
    });
  }
});

const toClients: readonly ConnectionError[] = [
  ...connectionErrors,
  {
    name: "PUSH_PROMISE",
    bytes: pushPromise(1, 2, requestBlock()),
    code: Code.protocolError,
  },
  {
    name: "ENABLE_PUSH of 1",
    bytes: settings([Setting.enablePush, 1]),
    code: Code.protocolError,
  },
  {
    name: "HEADERS on a stream that the client didn't open",
    bytes: headers(9, literal(":status", "200"), END),
    code: Code.protocolError,
  },
];

describe("a client ends the connection for", () => {
  for (const { name, bytes, code } of toClients) {
    it(name, async () => {
      await using server = await listenRaw();
      using caller = await connectCaller(server);
      const { peer } = caller;
      const call = caller.call({ method: "POST", endStream: false });
      await peer.frame("HEADERS", (f) => f.streamId === 1);
      peer.respond(1, 200, { endStream: false });
      peer.send(bytes);
      await expectGoaway(peer, code);
      assert.equal(await call.closed, `connection ${code}`);
      assert.equal((await caller.goodbye).code, code);
      assert.equal(caller.connection.state, "closed");
      assert.equal(caller.tryCall(), undefined);
    });
  }
});

describe("nobody minds", () => {
  for (const [name, bytes] of harmless) {
    it(`${name}, sent to a server`, async () => {
      await using subject = await startSubject();
      using client = await connectRaw({ port: subject.port });
      const upload = { method: "POST", path: "/upload" };
      client.request(1, upload, { endStream: false });
      client.send(bytes, data(1, "x", END));
      await expectResponse(client, 1, 200);
    });

    it(`${name}, sent to a client`, async () => {
      await using server = await listenRaw();
      using caller = await connectCaller(server);
      const call = caller.call({ method: "POST", endStream: false });
      await caller.peer.frame("HEADERS", (f) => f.streamId === 1);
      caller.peer.respond(1, 200, { endStream: false });
      caller.peer.send(bytes, data(1, "", END));
      call.stream.end();
      assert.equal(await call.closed, "end");
      const next = caller.call();
      caller.peer.respond(3, 200);
      assert.equal(await next.closed, "end");
    });
  }
});

describe("a connection begins with SETTINGS", () => {
  const beginnings: [name: string, bytes: Buffer][] = [
    ["PING", ping("12345678")],
    ["a SETTINGS ACK", settingsAck()],
    ["WINDOW_UPDATE", Buffer.from("00000408000000000000000001", "hex")],
    ["HTTP/1.1", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ];
  for (const [name, bytes] of beginnings) {
    it(`or a server ends it: ${name} comes first`, async () => {
      await using subject = await startSubject();
      const first = Buffer.concat([PREFACE, bytes]);
      using client = await connectRaw({ port: subject.port, first });
      await expectClosed(client);
      assert.notEqual(subject.goodbyes[0]?.code, Code.noError);
    });

    it(`or a client ends it: ${name} comes first`, async () => {
      await using server = await listenRaw({ first: bytes });
      using caller = await connectCaller(server);
      const call = caller.call();
      const { code } = await caller.goodbye;
      assert.notEqual(code, Code.noError);
      assert.equal(await call.closed, `connection ${code}`);
      await expectClosed(caller.peer);
    });
  }

  it("or a server ends it: the preface is another", async () => {
    await using subject = await startSubject();
    const first = Buffer.from("PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n");
    using client = await connectRaw({ port: subject.port, first });
    await expectClosed(client);
    assert.equal(subject.goodbyes[0]?.code, Code.protocolError);
  });
});
