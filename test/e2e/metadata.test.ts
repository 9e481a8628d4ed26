// What travels beside the messages: metadata both ways, errors with their
// details, deadlines and cancellation. Every client, straight and through the
// gateway; the handlers are the test's own.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import {
  Code,
  ConnectError,
  decodeBinaryHeader,
  encodeBinaryHeader,
  type HandlerContext,
} from "@connectrpc/connect";
import { HelloRequestSchema } from "../../gen/greeter/v1/greeter_pb.ts";
import { type ClientKind, clientKinds, send } from "../support/clients.ts";
import { type Mesh, startMesh } from "../support/mesh.ts";
import { type Registered, startProbe } from "../support/probe.ts";

const bytes = new Uint8Array([0, 255, 1, 254, 44]);

suite("what travels beside the messages", () => {
  let mesh: Mesh;
  let probe: Registered;
  /** Told of each call that waits for its end, by the call's metadata. */
  const waiting = new Map<string, (context: HandlerContext) => void>();
  let calls = 0;

  before(async () => {
    mesh = await startMesh();
    probe = await startProbe(mesh.etcd.address, {
      hello({ name }, context) {
        if (name === "fail") throw failure();
        if (name === "wait") return untilAborted(context);
        echoMetadata(context);
        return { greeting: String(context.timeoutMs() ?? "no deadline") };
      },
      async *countdown({ name }, context) {
        echoMetadata(context);
        yield { line: "first" };
        if (name === "fail") throw failure();
        if (name === "wait") await untilAborted(context);
      },
      async helloAll(_, context) {
        // Answers before the caller has said all it has to say.
        echoMetadata(context);
        throw failure();
      },
    });
  });
  after(async () => {
    await probe?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  function untilAborted(context: HandlerContext): Promise<never> {
    const id = context.requestHeader.get("x-call") ?? "";
    waiting.get(id)?.(context);
    return new Promise((_, reject) => {
      const { signal } = context;
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  }

  /** Metadata for a call that waits, and the handler's context once it does. */
  function waitingCall() {
    const id = `call ${calls++}`;
    const context = new Promise<HandlerContext>((resolve) =>
      waiting.set(id, resolve),
    );
    return { headers: { "x-call": id }, context };
  }

  const places = {
    "the service": () => probe.address,
    "the gateway": () => mesh.gateway.address,
  };
  for (const kind of clientKinds) {
    for (const [place, address] of Object.entries(places)) {
      const connect = () => kind.connect({ address: address() });
      suite(`${kind.name} at ${place}`, () => {
        metadataOf(kind, connect);
        errorsOf(connect);
        endsOf(connect, waitingCall);
      });
    }
  }
});

type Connect = () => ReturnType<ClientKind["connect"]>;

function metadataOf(kind: ClientKind, connect: Connect): void {
  test("metadata goes out and comes back, text and bytes, before and after", async () => {
    using client = connect();
    const headers = {
      "x-text": "plain text, with a comma",
      "x-data-bin": encodeBinaryHeader(bytes),
    };
    const received: { header?: Headers; trailer?: Headers } = {};
    const onHeader = (header: Headers) => {
      received.header = header;
    };
    const onTrailer = (trailer: Headers) => {
      received.trailer = trailer;
    };
    const options = { headers, onHeader, onTrailer };
    await client.hello({}, options);
    assertEcho(received.header);
    assertEcho(received.trailer);
    for await (const _ of client.countdown({}, options)) {
      // grpc-js tells of header fields later than its stream is made.
      if (kind.name !== "grpc-js") assertEcho(received.header);
    }
    assertEcho(received.trailer);
  });
}

function errorsOf(connect: Connect): void {
  const calls: Readonly<
    Record<string, (client: ReturnType<Connect>) => Promise<unknown>>
  > = {
    "a unary call": (client) => client.hello({ name: "fail" }),
    "a stream after its first message": async (client) => {
      const lines: string[] = [];
      try {
        for await (const { line } of client.countdown({ name: "fail" }))
          lines.push(line);
      } finally {
        assert.deepEqual(lines, ["first"]);
      }
    },
    "an upload that is refused": (client) => client.helloAll(send({}, {}, {})),
  };
  for (const [name, call] of Object.entries(calls)) {
    test(`${name} fails with code, message, metadata and details unchanged`, async () => {
      using client = connect();
      const error = await call(client).then(
        () => assert.fail("it did not fail"),
        ConnectError.from,
      );
      assert.equal(error.code, Code.FailedPrecondition);
      assert.equal(error.rawMessage, "the tide is öut: 100% of it");
      assert.equal(error.metadata.get("x-reason"), "low water");
      const [detail] = error.findDetails(HelloRequestSchema);
      assert.equal(detail?.name, "a detail");
    });
  }
}

function endsOf(
  connect: Connect,
  waitingCall: () => {
    headers: HeadersInit;
    context: Promise<HandlerContext>;
  },
): void {
  test("the deadline reaches the handler", async () => {
    using client = connect();
    assert.equal((await client.hello({})).greeting, "no deadline");
    const { greeting } = await client.hello({}, { timeoutMs: 60_000 });
    const remainingMs = Number(greeting);
    assert.ok(remainingMs > 0 && remainingMs <= 60_000, greeting);
  });

  test("a deadline that passes ends the call on both sides", async () => {
    using client = connect();
    const { headers, context } = waitingCall();
    const call = client.hello({ name: "wait" }, { headers, timeoutMs: 100 });
    await assert.rejects(call, { code: Code.DeadlineExceeded });
    await aborted((await context).signal);
  });

  test("a caller that gives up ends the handler's call", async () => {
    using client = connect();
    const { headers, context } = waitingCall();
    const caller = new AbortController();
    const { signal } = caller;
    const call = client.hello({ name: "wait" }, { headers, signal });
    const rejected = assert.rejects(call, { code: Code.Canceled });
    const handler = (await context).signal;
    assert.equal(handler.aborted, false);
    caller.abort();
    await rejected;
    await aborted(handler);
  });

  test("a caller that leaves a stream ends the handler's call", async () => {
    using client = connect();
    const { headers, context } = waitingCall();
    const caller = new AbortController();
    const { signal } = caller;
    const lines = client.countdown({ name: "wait" }, { headers, signal });
    const read = async () => {
      for await (const { line } of lines) assert.equal(line, "first");
    };
    const rejected = assert.rejects(read(), { code: Code.Canceled });
    const handler = (await context).signal;
    caller.abort();
    await rejected;
    await aborted(handler);
  });
}

function aborted(signal: AbortSignal): Promise<unknown> {
  return signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener("abort", resolve));
}

function failure(): ConnectError {
  return new ConnectError(
    "the tide is öut: 100% of it",
    Code.FailedPrecondition,
    { "x-reason": "low water" },
    [{ desc: HelloRequestSchema, value: { name: "a detail" } }],
  );
}

/** Sends back what came, in header fields and in trailers. */
function echoMetadata(context: HandlerContext): void {
  for (const target of [context.responseHeader, context.responseTrailer]) {
    target.set("x-text", context.requestHeader.get("x-text") ?? "");
    target.set("x-data-bin", context.requestHeader.get("x-data-bin") ?? "");
    target.append("x-many", "one");
    target.append("x-many", "two");
  }
}

function assertEcho(headers: Headers | undefined): void {
  assert.equal(headers?.get("x-text"), "plain text, with a comma");
  assert.equal(headers?.get("x-many"), "one, two");
  const data = headers?.get("x-data-bin") ?? "";
  assert.deepEqual(decodeBinaryHeader(data), bytes);
}
