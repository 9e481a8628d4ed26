// Tests the certificates with TLS handshakes of Node's own.

import assert from "node:assert/strict";
import { once } from "node:events";
import { access, readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { connect, createServer } from "node:tls";
import {
  type CertificateFiles,
  type Certificates,
  makeCertificates,
} from "../../support/certificates.ts";

let certificates: Certificates;

before(async () => {
  certificates = await makeCertificates();
});

after(() => certificates[Symbol.asyncDispose]());

for (const host of ["127.0.0.1", "localhost"]) {
  test(`the server's certificate is good for ${host}, and so is a client's`, async () => {
    const { server, client, caFile } = certificates;
    assert.equal(await shakeHands(server, client, { host, caFile }), "client");
  });
}

test("a certificate can be issued for any name", async () => {
  const { server, caFile } = certificates;
  const issued = await Promise.all([
    certificates.issue("ann"),
    certificates.issue("bob"),
  ]);
  for (const [i, name] of ["ann", "bob"].entries()) {
    const client = issued[i];
    assert.ok(client);
    assert.equal(await shakeHands(server, client, { caFile }), name);
  }
});

test("an expired client is refused", async () => {
  const { server, expired, caFile } = certificates;
  const code = "CERT_HAS_EXPIRED";
  await assert.rejects(shakeHands(server, expired, { caFile }), { code });
});

test("an expired server is refused", async () => {
  const { expired, client, caFile } = certificates;
  const code = "CERT_HAS_EXPIRED";
  await assert.rejects(shakeHands(expired, client, { caFile }), { code });
});

test("a certificate of the other CA is refused, and good by that CA", async () => {
  const { server, foreign, caFile, otherCaFile } = certificates;
  await assert.rejects(shakeHands(server, foreign, { caFile }));
  await assert.rejects(shakeHands(foreign, server, { caFile }));
  const trust = { caFile: otherCaFile };
  assert.equal(await shakeHands(foreign, foreign, trust), "client");
});

test("the files are gone after disposal", async () => {
  const own = await makeCertificates();
  await access(own.server.keyFile);
  await own[Symbol.asyncDispose]();
  await assert.rejects(access(own.server.keyFile), { code: "ENOENT" });
});

/**
 * Connect, both sides trusting one CA only. Resolves with the client's common
 * name as the server sees it; rejects with what the one who refused says.
 */
async function shakeHands(
  serverFiles: CertificateFiles,
  clientFiles: CertificateFiles,
  { host = "127.0.0.1", caFile }: { host?: string; caFile: string },
): Promise<string> {
  const ca = await readFile(caFile);
  const server = createServer({
    ...(await read(serverFiles)),
    ...{ ca, requestCert: true, rejectUnauthorized: false },
  });
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const accepted = once(server, "secureConnection");
  const socket = connect({
    ...(await read(clientFiles)),
    ...{ ca, host, port: address.port },
  });
  try {
    await once(socket, "secureConnect");
    const [peer] = await accepted;
    if (!peer.authorized) {
      throw Object.assign(new Error("refused"), {
        code: peer.authorizationError,
      });
    }
    return peer.getPeerCertificate().subject.CN;
  } finally {
    socket.destroy();
    server.close();
  }
}

async function read({ certFile, keyFile }: CertificateFiles) {
  return { cert: await readFile(certFile), key: await readFile(keyFile) };
}
