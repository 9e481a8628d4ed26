// The rate limit through a real server and a clock that the test turns.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, type ConnectRouter, createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
} from "@connectrpc/connect-node";
import { GreeterService } from "../../../../gen/greeter/v1/greeter_pb.ts";
import { Health } from "../../../../gen/grpc/health/v1/health_pb.ts";
import { createRateLimitInterceptor } from "../../../../runtime/interceptors/rate-limit.ts";
import { collect, failureOf, startServer } from "./support.ts";

function routes(router: ConnectRouter): void {
  router.service(GreeterService, {
    hello: () => ({ greeting: "hi" }),
    async *countdown() {
      yield { line: "1" };
      yield { line: "go" };
    },
  });
  router.service(Health, { check: () => ({}) });
}

test("Calls above the rate get resource_exhausted with the limit and when to try again, each method by itself.", async () => {
  let nowMs = 5000;
  const interceptor = createRateLimitInterceptor({
    ratePerSecond: 10,
    burst: 1,
    now: () => nowMs,
  });
  await using server = await startServer({
    httpVersion: "1.1",
    routes,
    interceptors: [interceptor],
  });
  const { baseUrl } = server;
  const client = createClient(
    GreeterService,
    createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  );

  await client.hello({});
  nowMs += 40;
  const failure = await failureOf(client.hello({}));
  assert.equal(failure.code, Code.ResourceExhausted);
  assert.equal(
    failure.rawMessage,
    "greeter.v1.GreeterService/Hello is limited to 10 calls per second (burst 1): try again in 60 ms",
  );
  assert.equal(failure.metadata.get("retry-after"), "1");

  // Another method has a bucket of its own; a stream counts once.
  assert.equal((await collect(client.countdown({}))).length, 2);
  const stream = await failureOf(collect(client.countdown({})));
  assert.equal(stream.code, Code.ResourceExhausted);

  nowMs += 60;
  await client.hello({});
});

test("Health is never limited, over gRPC either.", async () => {
  const interceptor = createRateLimitInterceptor({
    ratePerSecond: 1,
    burst: 1,
    now: () => 0,
  });
  await using server = await startServer({
    httpVersion: "2",
    routes,
    interceptors: [interceptor],
  });
  const transport = createGrpcTransport({ baseUrl: server.baseUrl });
  const health = createClient(Health, transport);
  for (let i = 0; i < 5; i++) await health.check({});
  const greeter = createClient(GreeterService, transport);
  await greeter.hello({});
  const failure = await failureOf(greeter.hello({}));
  assert.equal(failure.code, Code.ResourceExhausted);
  assert.equal(failure.metadata.get("retry-after"), "1");
});

test("A rate or a burst out of range is a usage error.", () => {
  const rates = [0, -1, Number.NaN, Number.POSITIVE_INFINITY];
  for (const ratePerSecond of rates) {
    assert.throws(
      () => createRateLimitInterceptor({ ratePerSecond, burst: 1 }),
      { code: "ERR_USAGE", message: /calls per second above 0/ },
    );
  }
  for (const burst of [0, -1, 1.5, Number.NaN]) {
    assert.throws(
      () => createRateLimitInterceptor({ ratePerSecond: 1, burst }),
      { code: "ERR_USAGE", message: /whole number of calls as burst/ },
    );
  }
});
