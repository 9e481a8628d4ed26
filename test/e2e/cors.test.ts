// Calls from web pages of other origins: who may, and what a browser is told.
// https://fetch.spec.whatwg.org/#http-cors-protocol

import assert from "node:assert/strict";
import type { ServerHttp2Stream } from "node:http2";
import { after, before, suite, test } from "node:test";
import { startEtcd, type TestEtcd } from "../support/etcd.ts";
import {
  type ForeignServer,
  putRecord,
  startHttp2Server,
} from "../support/foreign.ts";
import {
  type Running,
  type RunningService,
  schemaLearned,
  startGateway,
  startService,
} from "../support/system.ts";
import { until } from "../support/until.ts";

const APP = "https://app.example.com";
const ALLOWED = `${APP},http://localhost:*,https://*.example.org`;
const HELLO = "/greeter.v1.GreeterService/Hello";

suite("a web page of another origin", () => {
  let etcd: TestEtcd;
  let greeter: RunningService;
  let foreign: ForeignServer;
  let gateway: Running;
  let closed: Running;

  before(async () => {
    etcd = await startEtcd();
    const options = { etcd: etcd.address };
    foreign = await startHttp2Server(answerWithOwnCors);
    await putRecord(etcd, {
      name: "foreign",
      id: "1",
      address: foreign.address,
      services: ["foreign.v1.CorsService"],
      state: "STATE_SERVING",
    });
    [greeter, gateway, closed] = await Promise.all([
      startService("services/greeter/main.ts", options),
      startGateway({ ...options, flags: ["--cors-origin", ALLOWED] }),
      startGateway(options),
    ]);
    for (const one of [gateway, closed])
      await schemaLearned(one, "greeter.v1.GreeterService");
  });

  after(async () => {
    await closed?.[Symbol.asyncDispose]();
    await gateway?.[Symbol.asyncDispose]();
    await greeter?.[Symbol.asyncDispose]();
    await foreign?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
  });

  interface PageCall {
    readonly at?: Running;
    readonly origin?: string;
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  }

  /** What a page sends once it may: JSON, unless `headers` say otherwise. */
  function post(call: PageCall = {}): Promise<Response> {
    const { at = gateway, path = HELLO, body = "{}" } = call;
    const headers = {
      "content-type": "application/json",
      ...(call.origin !== undefined && { origin: call.origin }),
      ...call.headers,
    };
    return fetch(at.url + path, { method: "POST", headers, body });
  }

  /** What a browser asks before. */
  function preflight(call: PageCall = {}): Promise<Response> {
    const { at = gateway, path = HELLO, origin = APP } = call;
    const headers = {
      origin,
      "access-control-request-method": "POST",
      ...call.headers,
    };
    return fetch(at.url + path, { method: "OPTIONS", headers });
  }

  test("may not call by default", async () => {
    const answer = await post({ at: closed, origin: APP });
    assert.equal(answer.status, 200);
    assert.deepEqual(corsHeaders(answer), {});
    assert.equal(answer.headers.get("vary"), null);
    const asked = await preflight({ at: closed });
    assert.notEqual(asked.status, 204);
    assert.deepEqual(corsHeaders(asked), {});
  });

  for (const origin of [
    APP,
    "http://localhost:5173",
    "http://localhost",
    "https://one.example.org",
  ]) {
    test(`may call from ${origin}, which is allowed`, async () => {
      for (const answer of [
        await preflight({ origin }),
        await post({ origin }),
      ])
        assert.equal(allowOrigin(answer), origin);
    });
  }

  for (const origin of [
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com.evil.test",
    "https://appXexample.com",
    "http://localhost.evil.test:5173",
    "http://localhost:5173.evil.test",
    "https://example.org",
    "https://two.one.example.org",
    "null",
  ]) {
    test(`is told nothing if it is of ${origin}, which is not allowed`, async () => {
      const asked = await preflight({ origin });
      assert.notEqual(asked.status, 204);
      for (const answer of [asked, await post({ origin })]) {
        assert.deepEqual(corsHeaders(answer), {});
        // A cache must not give this answer to a page that may.
        assert.match(answer.headers.get("vary") ?? "", /\borigin\b/i);
      }
    });
  }

  test("learns from a preflight which methods and headers it may use", async () => {
    const asked = "x-tenant, Authorization";
    const answer = await preflight({
      headers: { "access-control-request-headers": asked },
    });
    assert.equal(answer.status, 204);
    assert.equal(await answer.text(), "");
    const { headers } = answer;
    assert.deepEqual(list(headers.get("access-control-allow-methods")), [
      "get",
      "post",
    ]);
    const names = list(headers.get("access-control-allow-headers"));
    for (const name of [
      ...["content-type", "connect-protocol-version", "connect-timeout-ms"],
      ...["x-grpc-web", "grpc-timeout", "x-user-agent"],
      ...["x-tenant", "authorization"],
    ])
      assert.ok(names.includes(name), name);
    assert.equal(headers.get("access-control-max-age"), "7200");
    assert.equal(headers.get("access-control-allow-credentials"), null);
    assert.deepEqual(list(headers.get("vary")), [
      "access-control-request-headers",
      "access-control-request-method",
      "origin",
    ]);
  });

  test("may ask before a REST path and before what is not there", async () => {
    for (const path of ["/greeter/hello", "/no.such.Service/Method"]) {
      const answer = await preflight({ path });
      assert.equal(answer.status, 204);
      assert.equal(allowOrigin(answer), APP);
    }
  });

  const grpcWeb = { "content-type": "application/grpc-web+json" };
  const answers = [
    { what: "an answer", call: {}, status: 200 },
    { what: "a REST answer", call: { path: "/greeter/hello" }, status: 200 },
    { what: "an instance's error", call: { body: "no JSON" }, status: 400 },
    {
      what: "an error of the gateway's own",
      call: { path: "/no.such.Service/Method" },
      status: 404,
    },
    {
      what: "the gateway's own error in gRPC-Web",
      call: { path: "/no.such.Service/Method", headers: grpcWeb },
      status: 200,
    },
    {
      what: "an answer of the gateway's health",
      call: { path: "/grpc.health.v1.Health/Check" },
      status: 200,
    },
  ];
  for (const { what, call, status } of answers) {
    test(`may read ${what}, with status and metadata`, async () => {
      const answer = await post({ ...call, origin: APP });
      await answer.bytes();
      assert.equal(answer.status, status);
      assert.equal(allowOrigin(answer), APP);
      assert.match(answer.headers.get("vary") ?? "", /\borigin\b/i);
      const exposed = list(answer.headers.get("access-control-expose-headers"));
      for (const name of [
        ...["grpc-status", "grpc-message", "grpc-status-details-bin"],
        ...["content-encoding", "connect-content-encoding"],
      ])
        assert.ok(exposed.includes(name), name);
    });
  }

  test("may read the metadata that an instance has sent", async () => {
    const answer = await post({ origin: APP });
    assert.notEqual(answer.headers.get("x-request-id"), null);
    const exposed = answer.headers.get("access-control-expose-headers");
    assert.ok(list(exposed).includes("x-request-id"));
  });

  test("gets the gateway's word alone where an instance has one of its own", async () => {
    const call = { origin: APP, path: "/foreign.v1.CorsService/Call" };
    const answer = await until("the gateway forwards there", async () => {
      const answer = await post(call);
      return answer.status === 200 && answer;
    });
    assert.equal(allowOrigin(answer), APP);
    assert.equal(answer.headers.get("access-control-allow-credentials"), null);
    const exposed = list(answer.headers.get("access-control-expose-headers"));
    assert.equal(new Set(exposed).size, exposed.length);
    assert.ok(exposed.includes("x-own"));
    // What else the answer depends on still counts.
    assert.deepEqual(list(answer.headers.get("vary")), [
      "accept-encoding",
      "origin",
    ]);
  });

  test("gets no word of an instance where the gateway allows none", async () => {
    for (const at of [gateway, closed]) {
      const path = "/foreign.v1.CorsService/Call";
      const answer = await post({ at, origin: "https://evil.test", path });
      assert.deepEqual(corsHeaders(answer), {});
    }
  });
});

/** An instance that thinks it has to answer to browsers itself. */
function answerWithOwnCors(stream: ServerHttp2Stream): void {
  stream.respond({
    ":status": 200,
    "content-type": "application/json",
    "access-control-allow-origin": "*",
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "x-own",
    "x-own": "1",
    vary: "Accept-Encoding",
  });
  stream.end("{}");
}

function allowOrigin({ headers }: Response): string | null {
  return headers.get("access-control-allow-origin");
}

function corsHeaders({ headers }: Response): Record<string, string> {
  return Object.fromEntries(
    [...headers].filter(([name]) => name.startsWith("access-control-")),
  );
}

/** The items of a header field, in lower case, sorted. */
function list(value: string | null): string[] {
  const items = (value ?? "").toLowerCase().split(",");
  return items.map((item) => item.trim()).sort();
}
