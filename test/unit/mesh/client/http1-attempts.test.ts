// Calls over HTTP/1.1: which go to another instance, whole, and which don't; and
// those that wait for the registry.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { GreeterService } from "../../../../gen/greeter/v1/greeter_pb.ts";
import { createMeshTransport } from "../../../../mesh/client/index.ts";
import {
  createSnapshotFeed,
  type Directory,
} from "../../../../mesh/registry/index.ts";
import {
  type CertificateFiles,
  type Certificates,
  makeCertificates,
} from "../../../support/certificates.ts";
import { freePorts } from "../../../support/ports.ts";
import { instance } from "../registry/support.ts";
import { startGreeter, type TestGreeter } from "./greeter.ts";
import { rejectsWith } from "./mesh.ts";
import { open } from "./scripted-mesh.ts";

let certificates: Certificates;
before(async () => {
  certificates = await makeCertificates();
});
after(() => certificates[Symbol.asyncDispose]());

const read = ({ certFile, keyFile }: CertificateFiles) => ({
  cert: readFileSync(certFile),
  key: readFileSync(keyFile),
});

async function* two() {
  yield { name: "a" };
  yield { name: "b" };
}

/** Between a client and a greeter, until it says something of its own. */
async function startInterferer(greeter: TestGreeter) {
  const [host, port] = greeter.address.split(":");
  let interfere = () => {};
  const server = createServer((client) => {
    const instance = connect(Number(port), host);
    for (const socket of [client, instance]) socket.on("error", () => {});
    client.pipe(instance);
    instance.pipe(client, { end: false });
    client.on("close", () => instance.destroy());
    interfere = () => {
      instance.unpipe(client);
      client.write("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    };
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    interfere: () => interfere(),
    close: () => server.close(),
  };
}

/** A directory that has not heard of the registry. */
function createUnheard() {
  const feed = createSnapshotFeed();
  const directory: Directory = {
    get snapshot() {
      return feed.snapshot;
    },
    subscribe: feed.subscribe,
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  return { feed, directory };
}

for (const protocol of ["connect", "grpc-web"] as const) {
  const options = { httpVersion: "1.1", protocol } as const;
  const timeout = 10_000;

  describe(`a call over HTTP/1.1, ${protocol},`, { timeout }, () => {
    test("goes whole to another instance if one can't be reached", async () => {
      await using greeter = await startGreeter({ httpVersion: "1.1" });
      const [port] = await freePorts(1);
      const addresses = [`127.0.0.1:${port}`, greeter.address];
      await using mesh = open(addresses, options);
      for (let i = 0; i < 2; i++) {
        const { count } = await mesh.client.helloAll(two());
        assert.equal(count, 2);
      }
    });

    test("never arrives without its body if a handshake fails", async () => {
      await using wrong = await startGreeter({
        tls: read(certificates.foreign),
      });
      await using right = await startGreeter({
        tls: read(certificates.server),
      });
      const ca = readFileSync(certificates.caFile);
      const addresses = [wrong.address, right.address];
      await using mesh = open(addresses, { ...options, tls: { ca } });
      const seen: unknown[] = [];
      for (let i = 0; i < 4; i++) {
        // The service answers so only to whoever has this name.
        const unary = mesh.client.hello({ name: "aborted" });
        seen.push(
          await unary.then(
            () => "another request",
            (error) => ConnectError.from(error).code,
          ),
        );
      }
      const expected = [Code.Aborted, Code.Aborted];
      expected.push(Code.Unavailable, Code.Unavailable);
      assert.deepEqual(seen.sort(), expected);
      const counts: unknown[] = [];
      for (let i = 0; i < 2; i++)
        counts.push(
          await mesh.client.helloAll(two()).then(
            ({ count }) => count,
            (error) => Code[ConnectError.from(error).code],
          ),
        );
      assert.deepEqual(new Set(counts), new Set([2, "Unavailable"]));
    });

    test("is not repeated if TLS breaks after it was seen", async () => {
      const tls = read(certificates.server);
      await using a = await startGreeter({ tls });
      await using b = await startGreeter({ tls });
      const wires = [await startInterferer(a), await startInterferer(b)];
      const addresses = wires.map(({ address }) => address);
      const ca = readFileSync(certificates.caFile);
      await using mesh = open(addresses, { ...options, tls: { ca } });
      const call = mesh.client.hello({ name: "hang" });
      call.catch(() => {});
      await Promise.race([a.hanging, b.hanging]);
      for (const wire of wires) wire.interfere();
      await assert.rejects(
        Promise.race([call, Promise.all([a.hanging, b.hanging])]),
        rejectsWith(Code.Unavailable, /broke/),
      );
      assert.equal(a.calls + b.calls, 1);
      for (const wire of wires) wire.close();
    });

    test("does not wait for the registry once it is cancelled", async () => {
      const { directory } = createUnheard();
      const waitMs = 60_000;
      const given = { ...options, directory, waitMs };
      await using transport = createMeshTransport(given);
      const signal = AbortSignal.abort();
      await assert.rejects(
        createClient(GreeterService, transport).hello({}, { signal }),
        rejectsWith(Code.Canceled, /aborted/),
      );
    });

    test("tells what is left of its time after it has waited", async () => {
      await using greeter = await startGreeter({ httpVersion: "1.1" });
      const { feed, directory } = createUnheard();
      await using transport = createMeshTransport({ ...options, directory });
      const client = createClient(GreeterService, transport);
      const call = client.hello({}, { timeoutMs: 20_000 });
      const { address } = greeter;
      setTimeout(() => feed.synced([instance({ address })]), 50);
      await call;
      const header = greeter.last?.requestHeader;
      const told =
        header?.get("connect-timeout-ms") ?? header?.get("grpc-timeout") ?? "";
      assert.ok(Number.parseFloat(told) <= 19_960, told);
    });
  });
}
