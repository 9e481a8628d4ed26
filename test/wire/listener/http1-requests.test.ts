// HTTP/1.1 requests that two readers could read in two ways, or that would
// start more work than an HTTP/2 connection may: what the listener adds to
// node:http's own checks. RFC 9112, sections 3.2, 6.1 and 6.3.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { edgeLimits, resolveLimits } from "../../../wire/index.ts";
import { connectLine, startService } from "./service.ts";

const FINE = "GET /ok HTTP/1.1\r\nhost: test\r\n\r\n";

const bad: [name: string, request: string][] = [
  ["two Host fields", "GET /ok HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n"],
  ["the same Host twice", "GET /ok HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n"],
  ["no Host", "GET /ok HTTP/1.1\r\n\r\n"],
  [
    "a length and chunks",
    "POST /ok HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  [
    "two lengths",
    "POST /ok HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
  ],
  [
    "a length that is none",
    "POST /ok HTTP/1.1\r\nhost: a\r\ncontent-length: +3\r\n\r\nabc",
  ],
  [
    "a transfer coding that nobody knows",
    "POST /ok HTTP/1.1\r\nhost: a\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
  ],
  ["a space before the colon", "GET /ok HTTP/1.1\r\nhost : a\r\n\r\n"],
  ["a folded line", "GET /ok HTTP/1.1\r\nhost: a\r\nx: 1\r\n 2\r\n\r\n"],
  ["a bare LF", "GET /ok HTTP/1.1\nhost: a\n\n"],
  ["a NUL", "GET /ok HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n"],
  ["a fragment", "GET /ok#x HTTP/1.1\r\nhost: a\r\n\r\n"],
  ["a path of another form", "GET ok HTTP/1.1\r\nhost: a\r\n\r\n"],
  ["an asterisk with GET", "GET * HTTP/1.1\r\nhost: a\r\n\r\n"],
  ["user information", "GET http://u:p@a/ok HTTP/1.1\r\nhost: a\r\n\r\n"],
];

describe("an HTTP/1.1 request is refused, and nothing after it is served, for", () => {
  for (const [name, request] of bad) {
    it(name, async () => {
      await using service = await startService();
      using line = await connectLine(service.port);
      line.send(request + FINE);
      const text = await line.ended();
      assert.match(text, /^HTTP\/1.1 400 /);
      assert.doesNotMatch(text, /HTTP\/1 \/ok/);
    });
  }
});

it("refuses more fields than an HTTP/2 request may have", async () => {
  await using service = await startService();
  using line = await connectLine(service.port);
  const fields = "x: y\r\n".repeat(129);
  line.send(`GET /ok HTTP/1.1\r\nhost: a\r\n${fields}\r\n`);
  assert.match(await line.ended(), /^HTTP\/1.1 431 /);
});

it("refuses a header larger than an HTTP/2 request may have", async () => {
  await using service = await startService();
  using line = await connectLine(service.port);
  const field = `x: ${"y".repeat(33_000)}\r\n`;
  line.send(`GET /ok HTTP/1.1\r\nhost: a\r\n${field}\r\n`);
  assert.match(await line.ended(), /^HTTP\/1.1 431 /);
  const { violations } = service.listener.stats;
  assert.deepEqual(violations, { maxHeaderListBytes: 1 });
});

it("doesn't work on more pipelined requests at once than on streams", async () => {
  const limits = resolveLimits(edgeLimits, { maxConcurrentStreams: 4 });
  await using service = await startService({ limits });
  using line = await connectLine(service.port);
  line.send("GET /hold HTTP/1.1\r\nhost: a\r\n\r\n".repeat(100));
  using other = await connectLine(service.port);
  other.send(FINE);
  await other.expect(/HTTP\/1 \/ok/);
  assert(service.held.length <= 4, `${service.held.length} at once`);
});
