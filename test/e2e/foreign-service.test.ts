// A gRPC server that is not ours: it has no reflection, and its record was put
// into etcd by hand. It is simply forwarded to.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import {
  Client,
  credentials,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { startEtcd, type TestEtcd } from "../support/etcd.ts";
import {
  type ForeignServer,
  putRecord,
  startGrpcServer,
} from "../support/foreign.ts";
import { freePorts } from "../support/ports.ts";
import { type Running, startGateway } from "../support/system.ts";
import { until } from "../support/until.ts";

const SAY = "/old.harbour.Bell/Say";
const RING = "/old.harbour.Bell/Ring";

/** Answers in capitals, and refuses to say nothing. */
const say: handleUnaryCall<string, string> = (call, done) => {
  if (call.request === "...") {
    done({ code: status.INVALID_ARGUMENT, details: "nothing to say" });
    return;
  }
  const trailer = new Metadata();
  trailer.set("heard", String(call.metadata.get("voice")[0]));
  done(null, call.request.toUpperCase(), trailer);
};

const ring: handleServerStreamingCall<string, string> = (call) => {
  for (let n = 1; n <= Number(call.request); n++) call.write(`dong ${n}`);
  call.end();
};

const handlers = {
  [SAY]: { stream: false, handle: say },
  [RING]: { stream: true, handle: ring },
};

suite("a gRPC server whose record was put into etcd by hand", () => {
  let etcd: TestEtcd;
  let gateway: Running;
  let server: ForeignServer;
  let client: Client;

  before(async () => {
    etcd = await startEtcd();
    gateway = await startGateway({ etcd: etcd.address });
    server = await startGrpcServer(handlers);
    client = new Client(gateway.address, credentials.createInsecure());
    // In an order of its own, and with a field that we don't know.
    await putRecord(etcd, {
      state: "STATE_SERVING",
      paintedIn: "green",
      services: ["old.harbour.Bell"],
      address: server.address,
      schemaDigest: "made-by-hand",
      id: "bell-1",
      name: "bell",
    });
  });

  after(async () => {
    client?.close();
    await server?.[Symbol.asyncDispose]();
    await gateway?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
  });

  function callSay(text: string): Promise<{ text: string; heard: unknown }> {
    return new Promise((resolve, reject) => {
      const metadata = new Metadata();
      metadata.set("voice", "hoarse");
      let answer: string | undefined;
      client
        .makeUnaryRequest<string, string>(
          ...([
            SAY,
            (text: string) => Buffer.from(text),
            String,
            text,
          ] as const),
          metadata,
          (error, value) => {
            if (error) reject(error);
            else answer = value;
          },
        )
        .on("status", ({ metadata }) => {
          const [heard] = metadata.get("heard");
          if (answer !== undefined) resolve({ text: answer, heard });
        });
    });
  }

  test("is asked for reflection once, and forwarded to without it", async () => {
    const { fields } = await gateway.program.line(({ fields }) =>
      String(fields["msg"]).startsWith("instance without reflection"),
    );
    assert.equal(fields["id"], "bell-1");
    const expected = { text: "LAND HO", heard: "hoarse" };
    assert.deepEqual(await callSay("land ho"), expected);
  });

  test("streams through the gateway", async () => {
    const call = client.makeServerStreamRequest(
      ...([RING, (text: string) => Buffer.from(text), String, "3"] as const),
    );
    const answers: string[] = [];
    for await (const answer of call) answers.push(answer);
    assert.deepEqual(answers, ["dong 1", "dong 2", "dong 3"]);
  });

  test("fails calls in its own words", async () => {
    await assert.rejects(callSay("..."), (error: ServiceError) => {
      assert.equal(error.code, status.INVALID_ARGUMENT);
      assert.equal(error.details, "nothing to say");
      return true;
    });
  });

  test("is unavailable when its record is gone", async () => {
    await etcd.etcdctl("del", "/portolan/v1/instances/bell/bell-1");
    const error = await until("the gateway has heard of that", failure);
    assert.equal(error.code, status.UNAVAILABLE);
    assert.match(error.details, /no instance of old\.harbour\.Bell/);
  });

  test("may be announced before it listens, and is unavailable until it does", async () => {
    const [port = 0] = await freePorts(1);
    await putRecord(etcd, {
      name: "bell",
      id: "bell-2",
      address: `127.0.0.1:${port}`,
      services: ["old.harbour.Bell"],
      state: "STATE_SERVING",
    });
    const error = await until("the gateway has tried it", async () => {
      const error = await failure();
      return error?.details.includes("bell-2") && error;
    });
    assert.equal(error.code, status.UNAVAILABLE);
    assert.match(error.details, /refused the connection/);

    await using _late = await startGrpcServer(handlers, port);
    const { text } = await callSay("late, but here");
    assert.equal(text, "LATE, BUT HERE");
  });

  /** What a call fails with, if it does. */
  function failure(): Promise<ServiceError | undefined> {
    return callSay("anybody there?").then(
      () => undefined,
      (error: ServiceError) => error,
    );
  }
});
