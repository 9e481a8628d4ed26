// Connections to instances: what they expect, how patient they are, and that
// whoever closes them all closes all of them.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { suite, test } from "node:test";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import {
  type Connections,
  createConnections,
  forgetReset,
  resetInTime,
} from "../../../../mesh/upstream/index.ts";
import { instanceLimits } from "../../../../mesh/upstream/instance-connection.ts";
import {
  type ClientConnection,
  createClientConnection,
  createHeaderBlock,
  createStats,
  ErrorCode,
  internalLimits,
  type Limits,
  resolveLimits,
  type Stream,
} from "../../../../wire/index.ts";
import { makeCertificates } from "../../../support/certificates.ts";
import { Recorder } from "../../gateway/recorder.ts";
import { startScripted } from "../client/scripted.ts";

const headers = createHeaderBlock([
  [":method", "POST"],
  [":scheme", "http"],
  [":authority", "x"],
  [":path", "/a/b"],
]);

/** Remembers its stream, and tells when a reset is needed no more. */
class Call extends Recorder {
  readonly sentOn: Stream;

  constructor(connections: Connections, address: string) {
    super(headers);
    const stream = connections.request(address, headers, false, this);
    assert.ok(stream);
    this.sentOn = stream;
    this.sent(stream);
  }

  override onClose(stream: Stream, code: number): void {
    forgetReset(stream);
    super.onClose(stream, code);
  }
}

const send = (connections: Connections, address: string) =>
  new Call(connections, address);

suite("Connections to instances", { timeout: 20_000 }, () => {
  for (const how of ["that stay", "that left", "that are about to go"])
    test(`${how} end with all others, and their calls`, async () => {
      for (const end of ["close", "cut"] as const) {
        await using one = await startScripted();
        const stats = createStats();
        const connections = createConnections(stats);
        // Once the instance has said what it takes, one connection has them all.
        const calls = [send(connections, one.address)];
        await one.call(0);
        while (calls.length < 150) calls.push(send(connections, one.address));
        await one.call(149);
        if (how === "that left") connections.update({ instances: [] });
        if (how === "that are about to go") {
          const before = stats.framesReceived;
          for (const connection of one.connections) connection.drain();
          // GOAWAY comes first, then what answers us.
          one.calls[0]?.stream.respond(createHeaderBlock([[":status", "200"]]));
          await calls[0]?.until(() => calls[0]?.response !== undefined);
          assert.ok(stats.framesReceived > before);
        }
        // More than the budget: those that wait end when nobody is left.
        for (const { sentOn } of calls) resetInTime(sentOn, ErrorCode.cancel);
        connections[end]();
        assert.equal(stats.openStreams, 0);
        for (const call of calls) await call.closed();
      }
    });

  test("expect what the instance has said, whatever was sent before", async () => {
    const limits = { maxConcurrentStreams: 10 };
    await using one = await startScripted({ limits });
    const connections = createConnections(createStats());
    const calls = Array.from({ length: 50 }, () =>
      send(connections, one.address),
    );
    for (const call of calls.slice(10))
      assert.equal((await call.closed()).by, "refused");
    one.cut();
    for (const call of calls) await call.closed();
    const next = Array.from({ length: 15 }, () =>
      send(connections, one.address),
    );
    const used = new Set(next.map(({ stream }) => stream.context));
    assert.equal(used.size, 2);
    connections.cut();
  });

  test("say by which name they call, if it is a name", async () => {
    await using certificates = await makeCertificates();
    const ca = readFileSync(certificates.caFile);
    const { certFile, keyFile } = certificates.server;
    const cert = readFileSync(certFile);
    const key = readFileSync(keyFile);
    const ALPNProtocols = ["h2"];
    const server = createTlsServer({ cert, key, ALPNProtocols });
    server.listen(0, "localhost");
    await once(server, "listening");
    const { port, address } = server.address() as AddressInfo;
    const host = address.includes(":") ? `[${address}]` : address;
    const checkServerIdentity = () => undefined;
    const other = { ca, servername: "other", checkServerIdentity };
    const expected = [
      ["localhost", { ca }, "localhost"],
      ["localhost", other, "other"],
      [host, { ca }, false],
    ] as const;
    for (const [host, tls, servername] of expected) {
      const connections = createConnections(createStats(), { tls });
      const connected = once(server, "secureConnection");
      send(connections, `${host}:${port}`);
      const [socket] = (await connected) as [
        TLSSocket & { servername: unknown },
      ];
      assert.equal(socket.servername, servername);
      connections.cut();
      socket.destroy();
    }
    server.close();
  });

  test("leave it to deadlines how slowly an instance takes requests", async () => {
    await using one = await startScripted({
      limits: { streamWindowBytes: 1_000 },
      onCall: (call) => call.stopConsuming(),
    });
    const port = Number(one.address.split(":")[1]);
    const open = (limits: Limits) => {
      const socket = connect(port, "127.0.0.1");
      const connection = createClientConnection(socket, {
        limits: resolveLimits(limits, { stallTimeoutMs: 40 }),
      });
      return { connection, calls: startStalling(connection) };
    };
    const ours = open(instanceLimits);
    // Began later, so that ours had the time when these have ended.
    const others = open(internalLimits);
    for (const call of others.calls) await call.closed();
    assert.equal(ours.connection.state, "open");
    for (const call of ours.calls) assert.equal(call.end, undefined);
    // A socket that takes nothing is found all the same.
    const { stallTimeoutMs } = internalLimits;
    assert.equal(instanceLimits.stallTimeoutMs, stallTimeoutMs);
    ours.connection.close();
    others.connection.close();
  });
});

/** More streams than an attacker would have for free. */
function startStalling(connection: ClientConnection): Recorder[] {
  return Array.from({ length: 12 }, () => {
    const call = new Recorder(headers);
    call.sent(connection.request(headers, false, call));
    call.stream.write(Buffer.alloc(100_000));
    return call;
  });
}
