// How a service leaves: SIGTERM under load loses nothing, what is in flight is
// finished, and everybody is told before.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, afterEach, before, suite, test } from "node:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { GreeterService } from "../../gen/greeter/v1/greeter_pb.ts";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../gen/grpc/health/v1/health_pb.ts";
import { openChat } from "../support/chat.ts";
import { startEtcd, type TestEtcd } from "../support/etcd.ts";
import { callJson, transports } from "../support/json-call.ts";
import {
  type Running,
  type RunningService,
  schemaLearned,
  startGateway,
  startService,
} from "../support/system.ts";
import { until } from "../support/until.ts";

const MAIN = "services/greeter/main.ts";
const GREETER = GreeterService.typeName;

suite("SIGTERM", { timeout: 90_000 }, () => {
  let etcd: TestEtcd;
  let gateway: Running;

  before(async () => {
    etcd = await startEtcd();
    gateway = await startGateway({ etcd: etcd.address });
  });

  after(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
  });

  // Who was killed leaves a record behind, for a while.
  afterEach(async () => {
    await etcd.etcdctl("del", "--prefix", "/portolan/");
    await gatewaySays(ServingStatus.NOT_SERVING);
  });

  /** Wait until the gateway has that opinion of the greeter. */
  async function gatewaySays(expected: ServingStatus): Promise<void> {
    const transport = createGrpcTransport({ baseUrl: gateway.url });
    const health = createClient(Health, transport);
    await until(`the gateway says ${expected}`, async () => {
      const { status } = await health.check({ service: GREETER });
      return status === expected;
    });
  }

  /** A greeter that the gateway has heard of. */
  async function startGreeter(
    ...flags: readonly string[]
  ): Promise<RunningService> {
    const options = { etcd: etcd.address, flags };
    const greeter = await startService(MAIN, options);
    await schemaLearned(gateway, GREETER);
    await gatewaySays(ServingStatus.SERVING);
    return greeter;
  }

  function openChatAt({ url }: Running) {
    return openChat(createGrpcTransport({ baseUrl: url }));
  }

  test("under load loses no call, however often a service is restarted", async () => {
    const flags = ["--drain-delay", "1s"];
    await using staying = await startGreeter(...flags);
    let leaving = await startGreeter(...flags);
    const load = startLoad(gateway.url);
    try {
      for (let restart = 1; restart <= 2; restart++) {
        assert.equal(await leaving.program.stop(), 0);
        await load.goOn(100);
        leaving = await startGreeter(...flags);
        const { program } = leaving;
        await program.line(({ fields }) => fields["msg"] === "call");
        await load.goOn(100);
      }
    } finally {
      await load.stop();
      // Killed together they would be missed: nobody leaves so.
      for (const { program } of [leaving, staying]) await program.stop();
      await leaving[Symbol.asyncDispose]();
    }
    assert.deepEqual(load.failures, []);
    assert.ok(load.answered >= 400, `${load.answered} calls`);
  });

  test("is announced in etcd and to who watches health, and ends a stream in flight well", async () => {
    await using greeter = await startGreeter();
    const watches = await Promise.all([
      watchHealth(greeter.url),
      watchHealth(gateway.url),
    ]);
    const chats = [openChatAt(gateway), openChatAt(greeter)];
    for (const chat of chats)
      assert.equal(await chat.say("hello"), "You said: hello");

    greeter.program.process.kill("SIGTERM");
    const key = `/portolan/v1/instances/greeter/${greeter.id}`;
    await until("the record says that it leaves", async () =>
      (await etcd.etcdctl("get", key)).includes('"STATE_DRAINING"'),
    );
    for (const watch of watches)
      assert.equal(await watch.next(), ServingStatus.NOT_SERVING);
    await refused(greeter.address);
    for (const chat of chats) {
      assert.equal(await chat.say("still there?"), "You said: still there?");
      await chat.end();
    }
    assert.equal(await greeter.program.exited, 0);
    assert.equal(await etcd.etcdctl("get", key), "");
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`twice within milliseconds counts once: ${signal}`, async () => {
      await using greeter = await startGreeter();
      const chat = openChatAt(greeter);
      await chat.say("hello");
      greeter.program.process.kill(signal);
      greeter.program.process.kill(signal);
      await refused(greeter.address);
      assert.equal(await chat.say("well?"), "You said: well?");
      await chat.end();
      assert.equal(await greeter.program.exited, 0);
    });
  }

  test("more than a second after the first ends a service at once", async () => {
    await using greeter = await startGreeter();
    const chat = openChatAt(gateway);
    await chat.say("hello");
    const insist = setInterval(
      () => greeter.program.process.kill("SIGTERM"),
      100,
    );
    try {
      assert.equal(await greeter.program.exited, 130);
    } finally {
      clearInterval(insist);
    }
    // Its caller is not left waiting.
    await assert.rejects(chat.say("hello?"), (error) => {
      assert.ok(error instanceof ConnectError);
      assert.equal(error.code, Code.Unavailable);
      return true;
    });
  });

  test("ends a gateway when the call in flight has finished", async () => {
    await using greeter = await startGreeter();
    await using leaving = await startGateway({ etcd: etcd.address });
    const chat = openChatAt(leaving);
    assert.equal(await chat.say("hello"), "You said: hello");
    leaving.program.process.kill("SIGTERM");
    await refused(leaving.address);
    assert.equal(await chat.say("still there?"), "You said: still there?");
    await chat.end();
    assert.equal(await leaving.program.exited, 0);
    assert.equal(await greeter.program.stop(), 0);
  });

  test("ends a service while etcd is away", async () => {
    await using other = await startEtcd();
    await using greeter = await startService(MAIN, { etcd: other.address });
    await other.stop();
    assert.equal(await greeter.program.stop(), 0);
  });
});

/** Call over and over, in several protocols at once, until told to stop. */
function startLoad(url: string) {
  const failures: string[] = [];
  const progress = new Set<() => void>();
  let answered = 0;
  let over = false;
  const loop = async (name: string) => {
    const transport = transports[name]?.(url);
    assert.ok(transport);
    const { hello } = GreeterService.method;
    // A call that fails is counted, and does not end the load.
    while (!over && failures.length < 10) {
      try {
        await callJson(transport, hello, { name });
        answered++;
      } catch (error) {
        failures.push(`${name}: ${error}`);
      }
      for (const check of [...progress]) check();
    }
  };
  const loops = Object.keys(transports).map(loop);
  return {
    failures,
    get answered() {
      return answered;
    },
    /** Resolves when that many more calls are answered, or too many failed. */
    goOn(calls: number): Promise<void> {
      const goal = answered + calls;
      return new Promise((resolve) => {
        const check = () => {
          if (answered < goal && failures.length < 10) return;
          progress.delete(check);
          resolve();
        };
        progress.add(check);
        check();
      });
    },
    async stop() {
      over = true;
      await Promise.all(loops);
    },
  };
}

/** Watch the greeter's health, which is good so far. */
async function watchHealth(baseUrl: string) {
  const client = createClient(Health, createGrpcTransport({ baseUrl }));
  const statuses = client.watch({ service: GREETER })[Symbol.asyncIterator]();
  const next = async () => (await statuses.next()).value?.status;
  assert.equal(await next(), ServingStatus.SERVING);
  return { next };
}

/** Wait until nobody listens at "host:port". */
async function refused(address: string): Promise<void> {
  const { hostname, port } = new URL(`http://${address}`);
  await until(`${address} refuses connections`, async () => {
    const socket = connect(Number(port), hostname);
    try {
      await once(socket, "connect");
      return false;
    } catch {
      return true;
    } finally {
      socket.destroy();
    }
  });
}
