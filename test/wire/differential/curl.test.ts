// Our server and curl, over both HTTP versions, in cleartext and over TLS.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makeTemporaryDir, type TemporaryDir } from "../../support/at-exit.ts";
import {
  type Certificates,
  makeCertificates,
} from "../../support/certificates.ts";
import { curl } from "../../support/command.ts";
import {
  type EchoServer,
  type Summary,
  startEchoServer,
  textOf,
} from "./echo-server.ts";

const BYTES = 400_000;

interface Way {
  readonly name: string;
  readonly isTls: boolean;
  readonly args: readonly string[];
  readonly version: string;
}

const WAYS: readonly Way[] = [
  {
    name: "HTTP/2 with prior knowledge",
    isTls: false,
    args: ["--http2-prior-knowledge"],
    version: "2",
  },
  { name: "HTTP/1.1", isTls: false, args: ["--http1.1"], version: "1.1" },
  {
    name: "HTTP/2 that asks for an upgrade",
    isTls: false,
    args: ["--http2"],
    version: "1.1",
  },
  { name: "HTTP/2 by ALPN", isTls: true, args: [], version: "2" },
  {
    name: "HTTP/1.1 by ALPN",
    isTls: true,
    args: ["--http1.1"],
    version: "1.1",
  },
];

let certificates: Certificates;
let dir: TemporaryDir;
let file: string;

before(async () => {
  certificates = await makeCertificates();
  dir = await makeTemporaryDir("curl");
  file = join(dir.path, "body");
  await writeFile(file, textOf(BYTES));
});

after(async () => {
  await certificates[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

for (const { name, isTls, args, version } of WAYS) {
  const start = async () => {
    if (!isTls) return { server: await startEchoServer(), own: [...args] };
    const { certFile, keyFile } = certificates.server;
    const tls = {
      cert: await readFile(certFile),
      key: await readFile(keyFile),
    };
    const own = [...args, "--cacert", certificates.caFile];
    return { server: await startEchoServer({ tls }), own };
  };
  const urlOf = ({ port }: EchoServer, path: string) =>
    `${isTls ? "https" : "http"}://127.0.0.1:${port}${path}`;

  describe(`curl over ${name}`, () => {
    test("downloads what our server holds", async () => {
      const { server, own } = await start();
      await using _ = server;
      const answer = await curl(...own, urlOf(server, `/bytes/${BYTES}`));
      assert.equal(answer.status, 200);
      assert.equal(answer.httpVersion, version);
      assert.equal(answer.body, textOf(BYTES));
    });

    test("uploads, and takes it back meanwhile", async () => {
      const { server, own } = await start();
      await using _ = server;
      const upload = ["--data-binary", `@${file}`, urlOf(server, "/echo")];
      const answer = await curl(...own, ...upload);
      assert.equal(answer.status, 200);
      assert.equal(answer.httpVersion, version);
      assert.equal(answer.body, textOf(BYTES));
    });

    test("uploads after 100 (Continue)", async () => {
      const { server, own } = await start();
      await using _ = server;
      const upload = ["-H", "expect: 100-continue", "-T", file];
      const answer = await curl(...own, ...upload, urlOf(server, "/summary"));
      const summary: Summary = JSON.parse(answer.body);
      assert.equal(summary.bytes, BYTES);
      assert.equal(summary.method, "PUT");
    });

    test("asks for headers alone", async () => {
      const { server, own } = await start();
      await using _ = server;
      const answer = await curl(...own, "--head", urlOf(server, "/bytes/0"));
      assert.equal(answer.status, 200);
      assert.match(answer.body, /content-length: 0/i);
    });
  });
}
