// Each protocol over each HTTP version that carries it, in cleartext and over
// TLS: unary calls, streams, errors, metadata, compression.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import { GreeterService } from "../../../../gen/greeter/v1/greeter_pb.ts";
import {
  createMeshTransport,
  type MeshTransportOptions,
} from "../../../../mesh/client/index.ts";
import { createMemoryRegistry } from "../../../../mesh/registry/index.ts";
import {
  type Certificates,
  makeCertificates,
} from "../../../support/certificates.ts";
import { freePorts } from "../../../support/ports.ts";
import { instance } from "../registry/support.ts";
import { startGreeter } from "./greeter.ts";
import { rejectsWith } from "./mesh.ts";

type Options = Partial<MeshTransportOptions>;

let certificates: Certificates;
before(async () => {
  certificates = await makeCertificates();
});
after(() => certificates[Symbol.asyncDispose]());

const trusting = () => ({ ca: readFileSync(certificates.caFile) });

const certified = () => ({
  cert: readFileSync(certificates.server.certFile),
  key: readFileSync(certificates.server.keyFile),
});

/** A greeter, and a client of it. */
async function openOne(options: Options) {
  const { httpVersion = "2", tls } = options;
  const greeter = await startGreeter({
    httpVersion,
    ...(tls && { tls: certified() }),
  });
  const { registrar, directory } = createMemoryRegistry();
  registrar.register(instance({ address: greeter.address }));
  const transport = createMeshTransport({
    ...options,
    directory,
  } as MeshTransportOptions);
  return {
    greeter,
    transport,
    registrar,
    client: createClient(GreeterService, transport),
    async [Symbol.asyncDispose]() {
      await transport.close();
      await greeter[Symbol.asyncDispose]();
    },
  };
}

async function* three() {
  for (const text of ["a", "b", "c"]) yield { name: text, line: text };
}

const kinds: Options[] = [
  { protocol: "grpc" },
  { protocol: "grpc-web" },
  { protocol: "connect" },
  { protocol: "grpc-web", httpVersion: "1.1" },
  { protocol: "connect", httpVersion: "1.1" },
];

for (const kind of kinds)
  for (const isTls of [false, true])
    for (const useBinaryFormat of [true, false]) {
      const { protocol, httpVersion = "2" } = kind;
      const over = `HTTP/${httpVersion}${isTls ? " with TLS" : ""}`;
      const format = useBinaryFormat ? "" : " with JSON";
      const options = () => ({
        ...kind,
        useBinaryFormat,
        ...(isTls && { tls: trusting() }),
      });
      describe(`${protocol}${format} over ${over}`, { timeout: 30_000 }, () => {
        test("carries all kinds of calls", async () => {
          await using one = await openOne(options());
          const { client, greeter } = one;
          const { greeting } = await client.hello({ name: "john" });
          assert.equal(greeting, greeter.address);
          const lines: string[] = [];
          for await (const { line } of client.countdown({ from: 1 }))
            lines.push(line);
          assert.deepEqual(lines, [greeter.address]);
          assert.equal((await client.helloAll(three())).count, 3);
          if (httpVersion === "1.1") return;
          const echoes: string[] = [];
          for await (const { line } of client.chat(three())) echoes.push(line);
          assert.deepEqual(echoes, ["a", "b", "c"]);
        });

        test("carries errors and headers", async () => {
          await using one = await openOne(options());
          await assert.rejects(
            one.client.hello(
              { name: "aborted" },
              { headers: { "x-own": "1" }, timeoutMs: 20_000 },
            ),
            rejectsWith(Code.Aborted, /by the service/),
          );
          const context = one.greeter.last;
          assert.equal(context?.requestHeader.get("x-own"), "1");
          assert.ok((context?.timeoutMs() ?? 0) > 0);
          assert.equal(context?.protocolName, protocol);
        });

        test("ends a call that hangs, by the caller and by the clock", async () => {
          await using one = await openOne(options());
          await assert.rejects(
            one.client.hello({ name: "hang" }, { timeoutMs: 50 }),
            rejectsWith(Code.DeadlineExceeded, /./),
          );
          const caller = new AbortController();
          const lines = one.client
            .countdown({ from: 2 }, { signal: caller.signal })
            [Symbol.asyncIterator]();
          await lines.next();
          const next = lines.next();
          caller.abort();
          await assert.rejects(next, rejectsWith(Code.Canceled, /./));
        });

        test("calls what breaks, and what is not there, unavailable", async () => {
          await using one = await openOne(options());
          const call = one.client.hello({ name: "hang" });
          await one.greeter.hanging;
          one.greeter.kill();
          await assert.rejects(call, rejectsWith(Code.Unavailable, /broke/));
          await assert.rejects(
            one.client.hello({ name: "john" }),
            rejectsWith(Code.Unavailable, /127\.0\.0\.1/),
          );
        });
      });
    }

describe("the mesh transport", { timeout: 30_000 }, () => {
  for (const kind of kinds)
    test(`${kind.protocol} over HTTP/${kind.httpVersion ?? "2"} goes to another if one can't be reached`, async () => {
      await using one = await openOne(kind);
      const [port] = await freePorts(1);
      one.registrar.register(instance({ address: `127.0.0.1:${port}` }));
      for (let i = 0; i < 2; i++) {
        await one.client.hello({ name: "john" });
        assert.equal((await one.client.helloAll(three())).count, 3);
      }
    });

  test("keeps connections of HTTP/1.1, and closes them", async () => {
    await using one = await openOne({
      protocol: "connect",
      httpVersion: "1.1",
    });
    for (let i = 0; i < 3; i++) await one.client.hello({ name: "john" });
    assert.equal(one.greeter.connections, 1);
    const call = one.client.hello({ name: "hang" });
    await one.greeter.hanging;
    await Promise.all([
      assert.rejects(call, rejectsWith(Code.Unavailable, /./)),
      one.transport.close(),
    ]);
    await one.greeter.disconnected;
  });

  test("calls by GET what has no side effects, if told to", async () => {
    for (const useHttpGet of [false, true]) {
      await using one = await openOne({ protocol: "connect", useHttpGet });
      await one.client.hello({ name: "john" });
      const method = useHttpGet ? "GET" : "POST";
      assert.equal(one.greeter.last?.requestMethod, method);
    }
  });

  test("compresses as told, in each protocol", async () => {
    for (const kind of kinds)
      for (const compression of [compressionGzip, compressionBrotli]) {
        await using one = await openOne({
          ...kind,
          sendCompression: compression,
          compressMinBytes: 10,
        });
        await one.client.hello({ name: "john".repeat(1_000) });
        const header = one.greeter.last?.requestHeader;
        const names = ["grpc-encoding", "content-encoding"];
        const found = names.map((name) => header?.get(name));
        assert.ok(found.includes(compression.name), String(found));
      }
  });

  test("knows an instance by its certificate", async () => {
    const ca = readFileSync(certificates.otherCaFile);
    for (const httpVersion of ["1.1", "2"] as const) {
      const protocol = "connect";
      await using one = await openOne({ protocol, httpVersion, tls: { ca } });
      await assert.rejects(
        one.client.hello({ name: "john" }),
        rejectsWith(Code.Unavailable, /signature|certificate/),
      );
      assert.equal(one.greeter.calls, 0);
    }
  });

  test("speaks TLS only to who speaks HTTP/2 over it", async () => {
    await using server = createTlsServer(certified(), (socket) => {
      socket.on("error", () => {});
      socket.resume();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { registrar, directory } = createMemoryRegistry();
    registrar.register(instance({ address: `127.0.0.1:${port}` }));
    await using transport = createMeshTransport({ directory, tls: trusting() });
    await assert.rejects(
      createClient(GreeterService, transport).hello({ name: "john" }),
      rejectsWith(Code.Unavailable, /no HTTP\/2 over TLS/),
    );
  });

  test("refuses what can't be", () => {
    const { directory } = createMemoryRegistry();
    assert.throws(
      () => createMeshTransport({ directory, httpVersion: "1.1" }),
      { code: "ERR_USAGE" },
    );
    assert.throws(
      () => createMeshTransport({ directory, readMaxBytes: 0 }),
      ConnectError,
    );
  });
});
