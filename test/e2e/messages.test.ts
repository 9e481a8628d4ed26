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

/** The messages of a long stream: 40 MiB in all. */
const MESSAGES = 640;
const line = "x".repeat(64 << 10);

/**
 * What may be under way while a reader stands still, in windows, in sockets
 * (the kernel's grow up to 10 MiB a hop) and in the client: not all of it.
 */
const UNDER_WAY_BYTES = 30 * MIB;

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
      async *countdown(_, { requestHeader }) {
        seen = { headers: requestHeader, produced: 0, open: () => {} };
        for (; seen.produced < MESSAGES; seen.produced++) yield { line };
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

        test("a handler that stands still stops the caller", async () => {
          using client = connect();
          const upload = countingUpload();
          const call = client.helloAll(upload.messages());
          const underWay = (await whenStill(upload.sent)) * line.length;
          assert.ok(underWay < UNDER_WAY_BYTES, `${underWay} bytes`);
          seen.open();
          assert.equal((await call).count, MESSAGES);
        });

        // It reads on by itself, and keeps what nobody asked for.
        if (kind.name === "grpc-js") return;

        test("a reader that stands still stops the writer", async () => {
          using client = connect();
          const messages = client.countdown({})[Symbol.asyncIterator]();
          await messages.next();
          const produced = await whenStill(() => seen.produced);
          const underWay = produced * line.length;
          assert.ok(underWay < UNDER_WAY_BYTES, `${underWay} bytes`);
          let count = 1;
          while (!(await messages.next()).done) count++;
          assert.equal(count, MESSAGES);
        });
      });
    }
  }
});

type Upload = Parameters<Greeter["helloAll"]>[0];

function countingUpload() {
  let sent = 0;
  async function* messages(): Upload {
    for (; sent < MESSAGES; sent++) yield { name: line };
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
