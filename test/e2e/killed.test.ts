// A service that is killed, one that left properly, and a gateway that has
// not heard of any yet: real processes and `kill -9`.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { startEtcd } from "../support/etcd.ts";
import { greeterOnly, type Mesh, startMesh } from "../support/mesh.ts";
import { type Program, startProgram } from "../support/program.ts";
import {
  type RawCall,
  type RawResponse,
  startRequest,
} from "../support/raw-http.ts";
import {
  callRaw,
  encodeMessage,
  headersOf,
  type RawKind,
  rawKinds,
  readFailure,
  readLateFailure,
} from "../support/raw-rpc.ts";
import { startService } from "../support/system.ts";
import { until } from "../support/until.ts";

const hello = "greeter.v1.GreeterService/Hello";
const connectUnary = { protocol: "Connect unary", version: "h2c" } as const;

/** Services don't speak gRPC-Web as text, unary calls don't stream. */
const streaming = rawKinds.filter(
  ({ protocol }) =>
    protocol !== "gRPC-Web text" && protocol !== "Connect unary",
);

suite("a service that is killed", () => {
  let mesh: Mesh;
  const chats = new Map<RawKind, RawCall>();
  before(async () => {
    mesh = await startMesh(greeterOnly);
    for (const kind of streaming) {
      const { protocol, version } = kind;
      const chat = startRequest({
        ...{ version, url: mesh.gateway.url },
        path: "/greeter.v1.GreeterService/Chat",
        headers: headersOf(protocol),
      });
      chats.set(kind, chat);
      chat.body.write(encodeMessage(protocol, '{"line":"hi"}'));
      await chat.received(encodeMessage(protocol, answer).length);
    }
    await mesh.services[0]?.program.stop("SIGKILL");
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  const answer = '{"line":"You said: hi"}';
  for (const kind of streaming) {
    test(`ends an open stream with unavailable, ${kind.protocol} over ${kind.version}`, async () => {
      const response = await chats.get(kind)?.response;
      assert.ok(response?.complete);
      const { messages, failure } = readLateFailure(kind.protocol, response);
      assert.deepEqual(messages, [answer]);
      assert.equal(failure.code, "unavailable");
      assert.match(failure.message, /of greeter failed the call/);
    });
  }

  for (const kind of rawKinds) {
    test(`is unavailable while its record is still there, ${kind.protocol} over ${kind.version}`, async () => {
      const target = { url: mesh.gateway.url, method: hello };
      const failure = readFailure(
        kind.protocol,
        await callRaw(kind, target, "{}"),
      );
      assert.equal(failure.code, "unavailable");
      assert.match(failure.message, /it refused the connection/);
    });
  }
});

suite("a service that left properly", () => {
  let mesh: Mesh;
  before(async () => {
    mesh = await startMesh(greeterOnly);
    assert.equal(await mesh.services[0]?.program.stop(), 0);
    await until("the gateway knows", async () => {
      const target = { url: mesh.gateway.url, method: hello };
      const { body } = await callRaw(connectUnary, target, "{}");
      return body.includes("no instance");
    });
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  for (const kind of rawKinds) {
    test(`is unavailable, not unknown, ${kind.protocol} over ${kind.version}`, async () => {
      const target = { url: mesh.gateway.url, method: hello };
      const response = await callRaw(kind, target, "{}");
      assertRefused(kind, response, /no instance of greeter\.v1\.\w+ is avail/);
    });
  }

  test("its REST path is unavailable as well", async () => {
    const target = { url: mesh.gateway.url, method: "greeter/hello" };
    const response = await callRaw(connectUnary, target, "{}");
    assertRefused(connectUnary, response, /no instance of greeter\.v1/);
  });
});

suite("a gateway that has not heard the registry yet", () => {
  const up = new AsyncDisposableStack();
  let etcd: Awaited<ReturnType<typeof startEtcd>>;
  let gateway: Program;
  let url: string;
  before(async () => {
    etcd = up.use(await startEtcd());
    await etcd.stop();
    const flags = ["--etcd", etcd.address, "--listen", "127.0.0.1:0"];
    gateway = up.use(
      startProgram({ args: ["cli/main.ts", "gateway", ...flags] }),
    );
    const { fields } = await gateway.line(
      ({ fields }) => fields["msg"] === "listening",
    );
    url = `http://${fields["address"]}`;
  });
  after(() => up.disposeAsync());

  for (const kind of rawKinds) {
    test(`says unavailable and why, ${kind.protocol} over ${kind.version}`, async () => {
      const response = await callRaw(kind, { url, method: hello }, "{}");
      assertRefused(kind, response, /the registry has not answered yet/);
    });
  }

  test("forwards calls once the registry is there", async () => {
    await etcd.start();
    up.use(
      await startService("services/greeter/main.ts", { etcd: etcd.address }),
    );
    await gateway.line(({ fields }) => fields["msg"] === "schema learned");
    const response = await callRaw(connectUnary, { url, method: hello }, "{}");
    assert.equal(String(response.body), '{"greeting":"Hello world"}');
  });
});

function assertRefused(
  { protocol }: RawKind,
  response: RawResponse,
  says: RegExp,
): void {
  const failure = readFailure(protocol, response);
  assert.equal(failure.code, "unavailable");
  assert.match(failure.message, says);
}
