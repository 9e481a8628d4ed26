// Many bytes: large messages, compressed ones, and streams whose reader is
// slower than their writer. Every protocol, straight and through the gateway;
// the handlers are the test's own.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { binaryClientKinds, type Greeter } from "../support/clients.ts";
import { type Mesh, startMesh } from "../support/mesh.ts";
import { type Registered, startProbe } from "../support/probe.ts";

const MIB = 2 ** 20;

const line = "x".repeat(64 << 10);

/**
 * A long stream, and what of it may be under way while a reader stands still.
 * Over HTTP/2 that is a window of 1 MiB and some buffers for each hop. Over
 * HTTP/1.1 it is what the kernel takes for a socket: on some machines 32 MiB
 * for the receiver and 4 for the sender.
 */
function longStream(isHttp2: boolean) {
  return isHttp2
    ? { messages: (16 * MIB) / line.length, underWayBytes: 8 * MIB }
    : { messages: (80 * MIB) / line.length, underWayBytes: 60 * MIB };
}

suite("many bytes", () => {
  let mesh: Mesh;
  let probe: Registered;
  /** What the handler saw or did last. */
  let seen: { headers: Headers; produced: number; open: () => void };

  before(async () => {
    mesh = await startMesh();
    probe = await startProbe(mesh.etcd.address, {
      hello({ name }, { requestHeader }) {
        seen = { headers: requestHeader, produced: 0, open: () => {} };
        return { greeting: name };
      },
      async *countdown({ from }, { requestHeader }) {
        seen = { headers: requestHeader, produced: 0, open: () => {} };
        for (; seen.produced < from; seen.produced++) yield { line };
      },
      async helloAll(requests, { requestHeader }) {
        const gate = new Promise<void>((open) => {
          seen = { headers: requestHeader, produced: 0, open };
        });
        let count = 0;
        for await (const _ of requests) if (++count === 1) await gate;
        return { count };
      },
    });
  });
  after(async () => {
    await probe?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  const places = {
    "the service": () => probe.address,
    "the gateway": () => mesh.gateway.address,
  };
  for (const kind of binaryClientKinds) {
    for (const [place, address] of Object.entries(places)) {
      suite(`${kind.name} at ${place}`, () => {
        const connect = (gzip = false) =>
          kind.connect({ address: address(), gzip });

        test("3 MiB go out and come back", async () => {
          using client = connect();
          const name = "0123456789abcdef".repeat((3 * MIB) / 16);
          const { greeting } = await client.hello({ name });
          assert.ok(greeting === name, "it is not the same text");
        });

        test("more than 4 MiB are refused, and the reason says how many may be", async () => {
          using client = connect();
          const call = client.hello({ name: "x".repeat(5 * MIB) });
          await assert.rejects(call, {
            code: Code.ResourceExhausted,
            message: /4194304/,
          });
          const { greeting } = await client.hello({ name: "still there" });
          assert.equal(greeting, "still there");
        });

        test("compressed messages go out and come back compressed", async () => {
          using client = connect(true);
          let encoding: string | null = null;
          const { greeting } = await client.hello(
            { name: line },
            { onHeader: (header) => (encoding = encodingOf(header)) },
          );
          assert.ok(greeting === line, "it is not the same text");
          assert.equal(encodingOf(seen.headers), "gzip");
          // grpc-js keeps it to itself.
          if (kind.name !== "grpc-js") assert.equal(encoding, "gzip");
        });

        // Through both hops; one alone would show less.
        if (place !== "the gateway") return;
        const { messages, underWayBytes } = longStream(kind.duplex);

        test("a handler that stands still stops the caller", async () => {
          using client = connect();
          const upload = countingUpload(messages);
          const call = client.helloAll(upload.messages());
          const underWay = (await whenStill(upload.sent)) * line.length;
          assert.ok(underWay < underWayBytes, `${underWay} bytes`);
          seen.open();
          assert.equal((await call).count, messages);
        });

        // It reads on by itself, and keeps what nobody asked for.
        if (kind.name === "grpc-js") return;

        test("a reader that stands still stops the writer", async () => {
          using client = connect();
          const lines = client.countdown({ from: messages });
          const reader = lines[Symbol.asyncIterator]();
          await reader.next();
          const produced = await whenStill(() => seen.produced);
          const underWay = produced * line.length;
          assert.ok(underWay < underWayBytes, `${underWay} bytes`);
          let count = 1;
          while (!(await reader.next()).done) count++;
          assert.equal(count, messages);
        });
      });
    }
  }
});

type Upload = Parameters<Greeter["helloAll"]>[0];

function countingUpload(count: number) {
  let sent = 0;
  async function* messages(): Upload {
    for (; sent < count; sent++) yield { name: line };
  }
  return { messages, sent: () => sent };
}

/** Wait until a counter that has started does not move any more. */
async function whenStill(count: () => number): Promise<number> {
  let last = 0;
  for (let still = 0; still < 10; ) {
    await sleep(10);
    const now = count();
    still = now === last && now > 0 ? still + 1 : 0;
    last = now;
  }
  return last;
}

/** Unary Connect says it in HTTP's own field, the others in theirs. */
function encodingOf(headers: Headers): string | null {
  return (
    headers.get("grpc-encoding") ??
    headers.get("connect-content-encoding") ??
    headers.get("content-encoding")
  );
}
