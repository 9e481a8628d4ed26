// An instance that fails in the middle of things. Whatever it does, the
// caller gets `unavailable` in its own protocol, or a response that nobody can
// take for a whole one; never silence.

import assert from "node:assert/strict";
import { once } from "node:events";
import {
  createServer as createHttp2Server,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, createServer, type Server } from "node:net";
import { after, before, suite, test } from "node:test";
import { type Mesh, startMesh } from "../support/mesh.ts";
import { register } from "../support/probe.ts";
import type { RawResponse } from "../support/raw-http.ts";
import {
  callRaw,
  contentTypeOf,
  encodeMessage,
  type RawKind,
  type RawProtocol,
  rawKinds,
  readFailure,
  readLateFailure,
} from "../support/raw-rpc.ts";
import { until } from "../support/until.ts";

type Misdeed = (stream: ServerHttp2Stream, type: string) => void;

/** What the broken instance does, by the name of the method. */
const misdeeds: Readonly<Record<string, Misdeed>> = {
  DieAtOnce: (stream) => stream.session?.destroy(),
  Reset: (stream) => stream.close(2),
  EndWithoutStatus(stream, type) {
    stream.respond({ ":status": 200, "content-type": type });
    stream.end(messageFor(type));
  },
  DieAfterAMessage(stream, type) {
    stream.respond({ ":status": 200, "content-type": type });
    stream.write(messageFor(type));
    whenFlushed(stream, () => stream.session?.destroy());
  },
  ResetAfterAMessage(stream, type) {
    stream.respond({ ":status": 200, "content-type": type });
    stream.write(messageFor(type));
    // close() would end the response first.
    whenFlushed(stream, () => stream.destroy(new Error("reset")));
  },
  DieWithinAMessage(stream, type) {
    const length = type === "application/json" ? { "content-length": 100 } : {};
    stream.respond({ ":status": 200, "content-type": type, ...length });
    stream.write(messageFor(type));
    stream.write(messageFor(type).subarray(0, 7));
    whenFlushed(stream, () => stream.session?.destroy());
  },
};

const service = "broken.v1.BrokenService";
const reason = /^instance \S+ of \S+ failed the call: /;

suite("a broken instance", () => {
  const up = new AsyncDisposableStack();
  let mesh: Mesh;
  before(async () => {
    mesh = up.use(await startMesh());
    const { etcd } = mesh;
    const broken = createHttp2Server();
    broken.on("session", (session) => session.on("error", () => {}));
    broken.on("stream", (stream, headers) => {
      stream.on("error", () => {});
      const method = headers[":path"]?.split("/").pop() ?? "";
      stream.resume().once("end", () => {
        misdeeds[method]?.(stream, headers["content-type"] ?? "");
      });
    });
    const greeting = createServer((socket) => {
      socket.on("error", () => {});
      socket.write("220 mail.example.com ESMTP\r\n");
    });
    const hangingUp = createServer((socket) => socket.destroy());
    const instances: [string, Server | typeof broken][] = [
      [service, broken],
      ["garbage.v1.GarbageService", greeting],
      ["closed.v1.ClosedService", hangingUp],
    ];
    for (const [service, server] of instances) {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      up.defer(() => void server.close());
      const { port } = server.address() as AddressInfo;
      const address = `127.0.0.1:${port}`;
      const fields = { name: "broken", address, services: [service] };
      up.use(await register(etcd.address, fields));
    }
    const services = ["absent.v1.AbsentService"];
    const absent = { name: "absent", address: "127.0.0.1:1", services };
    up.use(await register(etcd.address, absent));
    await seen(mesh.gateway.url);
  });
  after(() => up.disposeAsync());

  const call = (kind: RawKind, method: string) =>
    callRaw(kind, { url: mesh.gateway.url, method }, '{"name":"john"}');

  const early = {
    "nobody listens there": {
      method: "absent.v1.AbsentService/Hello",
      says: /it refused the connection/,
    },
    "it hangs up": { method: "closed.v1.ClosedService/Hello", says: reason },
    "it speaks something else": {
      method: "garbage.v1.GarbageService/Hello",
      says: reason,
    },
    "it dies before it answers": {
      method: `${service}/DieAtOnce`,
      says: reason,
    },
    "it resets the call": {
      method: `${service}/Reset`,
      says: /it reset the stream/,
    },
  };
  for (const [name, { method, says }] of Object.entries(early)) {
    for (const kind of rawKinds) {
      test(`${name}: unavailable, ${kind.protocol} over ${kind.version}`, async () => {
        const response = await call(kind, method);
        const failure = readFailure(kind.protocol, response);
        assert.equal(failure.code, "unavailable");
        assert.match(failure.message, reason);
        assert.match(failure.message, says);
        // Where it is, is nobody's business.
        assert.doesNotMatch(failure.message, /127\.0\.0\.1/);
      });
    }
  }

  for (const kind of rawKinds) {
    const { protocol, version } = kind;

    for (const method of ["DieAfterAMessage", "ResetAfterAMessage"]) {
      test(`${method}: ${protocol} over ${version} is told at the end`, async () => {
        const response = await call(kind, `${service}/${method}`);
        if (!canTellLate(protocol)) return assertCut(response);
        assert.ok(response.complete);
        const { messages, failure } = readLateFailure(protocol, response);
        assert.deepEqual(messages, ['{"greeting":"hi"}']);
        assert.equal(failure.code, "unavailable");
        assert.match(failure.message, reason);
      });
    }

    test(`DieWithinAMessage: ${protocol} over ${version} is cut off, or gRPC told in trailers`, async () => {
      const response = await call(kind, `${service}/DieWithinAMessage`);
      if (protocol !== "gRPC") return assertCut(response);
      assert.equal(response.trailers["grpc-status"], "14");
      assert.match(String(response.trailers["grpc-message"]), /broke/);
    });
  }

  test("gRPC that ends without a status is unavailable, not a success", async () => {
    const kind = { protocol: "gRPC", version: "h2c" } as const;
    const response = await call(kind, `${service}/EndWithoutStatus`);
    const { failure } = readLateFailure("gRPC", response);
    assert.equal(failure.code, "unavailable");
    assert.match(failure.message, /it ended without a status/);
  });

  test("the gateway logs each failure with the instance", async () => {
    const line = await mesh.gateway.program.line(
      ({ fields }) => fields["msg"] === "instance failed a call",
    );
    assert.equal(typeof line.fields["address"], "string");
    assert.equal(typeof line.fields["reason"], "string");
  });
});

/** Wait until the gateway has the record that was written last. */
async function seen(url: string): Promise<void> {
  const kind = { protocol: "Connect unary", version: "h2c" } as const;
  const target = { url, method: "absent.v1.AbsentService/Hello" };
  await until("the gateway has the record", async () => {
    return (await callRaw(kind, target, "{}")).status !== 404;
  });
}

/** A unary answer of Connect, and base64, have no place for it. */
function canTellLate(protocol: RawProtocol): boolean {
  return protocol !== "Connect unary" && protocol !== "gRPC-Web text";
}

function assertCut(response: RawResponse): void {
  assert.equal(response.complete, false, "it looks like a whole response");
}

function messageFor(type: string): Buffer {
  const protocol = rawKinds.find(
    ({ protocol }) => contentTypeOf(protocol) === type,
  )?.protocol;
  return encodeMessage(protocol ?? "gRPC", '{"greeting":"hi"}');
}

/** Once the peer has all that was written: it answers pings in order. */
function whenFlushed(stream: ServerHttp2Stream, then: () => void): void {
  stream.session?.ping(() => then());
}
