// HTTP/1.1 and HTTP/2 on one port: told apart by the first bytes, however they
// are cut, or over TLS by ALPN.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import type { ConnectionOptions } from "node:tls";
import {
  type Certificates,
  makeCertificates,
} from "../../support/certificates.ts";
import { curl } from "../../support/command.ts";
import {
  connectRaw,
  greeting,
  type RawClient,
} from "../../support/raw-http2/client.ts";
import {
  expectClosed,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import { headers } from "../../support/raw-http2/frames.ts";
import { requestBlock } from "../../support/raw-http2/hpack.ts";
import { connectLine, type Service, startService } from "./service.ts";

const http1 = (request: string) => `${request} HTTP/1.1\r\nhost: test\r\n\r\n`;

/** A client that sends these bytes and nothing by itself, not even ACKs. */
function beginWith(port: number, first: Buffer): Promise<RawClient> {
  return connectRaw({ port, first, answers: false });
}

describe("a cleartext port", () => {
  let service: Service;
  before(async () => {
    service = await startService();
  });
  after(() => service[Symbol.asyncDispose]());

  it("answers HTTP/2 whose bytes come one by one", async () => {
    const { port } = service;
    using client = await beginWith(port, Buffer.alloc(0));
    const request = headers(1, requestBlock(), { endStream: true });
    for (const byte of Buffer.concat([greeting(), request])) {
      client.send(Buffer.of(byte));
      await client.sent();
    }
    const { body } = await expectResponse(client, 1, 200);
    assert.equal(body.toString(), "HTTP/2 /ok ");
  });

  for (const cut of [1, 2, 3, 4, 23, 24, 25, 33]) {
    it(`answers HTTP/2 whose first ${cut} bytes come alone`, async () => {
      const all = Buffer.concat([
        greeting(),
        headers(1, requestBlock(), { endStream: true }),
      ]);
      const first = all.subarray(0, cut);
      using client = await beginWith(service.port, first);
      await client.sent();
      client.send(all.subarray(cut));
      await expectResponse(client, 1, 200);
    });
  }

  for (const method of ["GET", "POST", "PUT", "PROPFIND", "P"]) {
    it(`answers HTTP/1.1 whose bytes come one by one: ${method}`, async () => {
      using line = await connectLine(service.port);
      const request = `${method} /ok HTTP/1.1\r\nhost: test\r\n\r\n`;
      for (const char of request) line.send(char);
      // The last one is none, but might have become HTTP/2.
      const isKnown = method !== "P";
      await line.expect(isKnown ? /HTTP\/1 \/ok/ : /^HTTP\/1.1 400 /);
    });
  }

  it("answers several HTTP/1.1 requests on one connection", async () => {
    using line = await connectLine(service.port);
    line.send(http1("GET /1"));
    await line.expect(/HTTP\/1 \/1/);
    line.send(http1("GET /2") + http1("GET /3"));
    await line.expect(/HTTP\/1 \/2[\s\S]*HTTP\/1 \/3/);
  });

  it("takes an HTTP/1.1 body, chunked or with a length", async () => {
    using line = await connectLine(service.port);
    line.send("POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc");
    await line.expect(/HTTP\/1 \/a abc/);
    const chunks = "1\r\nd\r\n2\r\nef\r\n0\r\n\r\n";
    line.send("POST /b HTTP/1.1\r\nhost: x\r\n");
    line.send(`transfer-encoding: chunked\r\n\r\n${chunks}`);
    await line.expect(/HTTP\/1 \/b def/);
  });

  const strangers: [name: string, bytes: Buffer | string][] = [
    ["TLS", Buffer.from("1603010200010001fc0303", "hex")],
    ["SSH", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["nothing that is known", Buffer.alloc(100, 0xff)],
    ["a preface of another version", "PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n"],
  ];
  for (const [name, bytes] of strangers) {
    it(`closes a connection that speaks ${name}`, async () => {
      using line = await connectLine(service.port);
      line.send(bytes);
      await line.ended();
    });
  }

  it("survives connections that are reset at once", async () => {
    for (const start of ["", "P", "GET /ok HTTP/1.1\r\n", "PRI * HTTP/2.0"]) {
      using line = await connectLine(service.port);
      if (start !== "") line.send(start);
      line.socket.resetAndDestroy();
    }
    using client = await connectRaw({ port: service.port });
    client.request(1);
    await expectResponse(client, 1, 200);
  });

  const answers: [args: string[], httpVersion: string, body: string][] = [
    [["--http1.1"], "1.1", "HTTP/1 /ok "],
    // An upgrade (h2c) isn't offered: the request is just answered.
    [["--http2"], "1.1", "HTTP/1 /ok "],
    [["--http2", "--data", "x"], "1.1", "HTTP/1 /ok x"],
    [["--http2-prior-knowledge"], "2", "HTTP/2 /ok "],
    [["--http1.0"], "1.1", "HTTP/1 /ok "],
  ];
  for (const [args, httpVersion, body] of answers) {
    it(`answers curl ${args.join(" ")} by HTTP/${httpVersion}`, async () => {
      const url = `http://127.0.0.1:${service.port}/ok`;
      const answer = await curl(...args, url);
      assert.deepEqual(answer, { status: 200, httpVersion, body });
    });
  }
});

describe("a port with TLS", () => {
  let certificates: Certificates;
  let service: Service;
  let ca: Buffer;
  before(async () => {
    certificates = await makeCertificates();
    const { certFile, keyFile } = certificates.server;
    ca = await readFile(certificates.caFile);
    const tls = {
      cert: await readFile(certFile),
      key: await readFile(keyFile),
    };
    service = await startService({ tls });
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await certificates[Symbol.asyncDispose]();
  });

  it("answers HTTP/2 to those who negotiate it", async () => {
    const tls: ConnectionOptions = { ca, ALPNProtocols: ["h2", "http/1.1"] };
    using client = await connectRaw({ port: service.port, tls });
    client.request(1);
    const { body } = await expectResponse(client, 1, 200);
    assert.equal(body.toString(), "HTTP/2 /ok ");
  });

  const others: [name: string, protocols: string[] | undefined][] = [
    ["negotiate HTTP/1.1", ["http/1.1"]],
    ["negotiate nothing", undefined],
  ];
  for (const [name, protocols] of others) {
    it(`answers HTTP/1.1 to those who ${name}`, async () => {
      const tls = { ca, ...(protocols && { ALPNProtocols: protocols }) };
      using line = await connectLine(service.port, tls);
      line.send(http1("GET /ok"));
      await line.expect(/HTTP\/1 \/ok/);
    });
  }

  it("closes a connection that speaks HTTP/1.1 after it negotiated HTTP/2", async () => {
    const tls = { ca, ALPNProtocols: ["h2"] };
    using line = await connectLine(service.port, tls);
    line.send(http1("GET /ok"));
    assert.doesNotMatch(await line.ended(), /HTTP\/1 \/ok/);
  });

  it("closes a connection that speaks HTTP/2 after it negotiated HTTP/1.1", async () => {
    const tls = { ca, ALPNProtocols: ["http/1.1"] };
    using client = await connectRaw({
      port: service.port,
      tls,
      answers: false,
    });
    client.request(1);
    await expectClosed(client).catch(() => {});
    assert(client.frames.every(({ streamId }) => streamId !== 1));
  });

  it("closes a connection that speaks no TLS, and serves the next", async () => {
    using line = await connectLine(service.port);
    line.send(http1("GET /ok"));
    assert.doesNotMatch(await line.ended(), /HTTP\/1 \/ok/);
    using client = await connectRaw({
      ...{ port: service.port, tls: { ca, ALPNProtocols: ["h2"] } },
    });
    client.request(1);
    await expectResponse(client, 1, 200);
  });

  it("refuses those who negotiate something else", async () => {
    const tls = { ca, ALPNProtocols: ["spdy/3"] };
    await assert.rejects(connectLine(service.port, tls));
  });

  const answers: [args: string[], httpVersion: string, body: string][] = [
    [["--http2"], "2", "HTTP/2 /ok "],
    [["--http1.1"], "1.1", "HTTP/1 /ok "],
    [["--no-alpn"], "1.1", "HTTP/1 /ok "],
  ];
  for (const [args, httpVersion, body] of answers) {
    it(`answers curl ${args.join(" ")} by HTTP/${httpVersion}`, async () => {
      const url = `https://127.0.0.1:${service.port}/ok`;
      const answer = await curl("--cacert", certificates.caFile, ...args, url);
      assert.deepEqual(answer, { status: 200, httpVersion, body });
    });
  }
});
