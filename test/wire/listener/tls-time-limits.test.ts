// Connections over TLS that don't come to the point: each stage, handshake,
// preface and request line, has its time-out, a fraction of a second here.

import { readFile } from "node:fs/promises";
import { after, before, it } from "node:test";
import { edgeLimits, resolveLimits } from "../../../wire/index.ts";
import {
  type Certificates,
  makeCertificates,
} from "../../support/certificates.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import { expectResponse } from "../../support/raw-http2/expectations.ts";
import { until } from "../../support/until.ts";
import { connectLine, type Service, startService } from "./service.ts";

let certificates: Certificates;
let service: Service;
let ca: Buffer;

before(async () => {
  certificates = await makeCertificates();
  const { certFile, keyFile } = certificates.server;
  ca = await readFile(certificates.caFile);
  service = await startService({
    limits: resolveLimits(edgeLimits, {
      ...{ prefaceTimeoutMs: 300, headersTimeoutMs: 300 },
    }),
    tls: { cert: await readFile(certFile), key: await readFile(keyFile) },
  });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
});

const hellos: [name: string, bytes: Buffer | undefined][] = [
  ["before its first byte", undefined],
  ["within its first message", Buffer.from("1603010200010001fc0303", "hex")],
];
for (const [name, bytes] of hellos) {
  it(`ends a connection that stops ${name}`, async () => {
    using line = await connectLine(service.port);
    if (bytes !== undefined) line.send(bytes);
    await line.ended();
  });
}

for (const protocol of ["h2", "http/1.1"]) {
  it(`ends a connection that says nothing after the handshake: ${protocol}`, async () => {
    const tls = { ca, ALPNProtocols: [protocol] };
    using line = await connectLine(service.port, tls);
    await line.ended();
    await until("it is gone", () => service.listener.snapshot().length === 0);
  });
}

it("goes on with a connection that came to the point", async () => {
  const tls = { ca, ALPNProtocols: ["h2"] };
  using client = await connectRaw({ port: service.port, tls });
  using silent = await connectLine(service.port, tls);
  await silent.ended();
  client.request(1);
  await expectResponse(client, 1, 200);
});
