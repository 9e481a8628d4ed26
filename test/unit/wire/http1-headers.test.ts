// Tests wire/http1-headers.ts: what becomes of an HTTP/1.1 request's target and
// fields. The requests are node:http's, parsed from a socket's bytes.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { createHeaderBlock, HeaderField } from "../../../wire/header-block.ts";
import {
  toFieldList,
  toRequestBlock,
  toTrailerBlock,
  toTrailers,
} from "../../../wire/http1-headers.ts";

let server: Server;

before(async () => {
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
});

after(() => {
  server.closeAllConnections();
  server.close();
});

/** What node:http makes of these lines. */
async function parse(...lines: string[]): Promise<IncomingMessage> {
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1");
  const signal = AbortSignal.timeout(10_000);
  const parsed = once(server, "request", { signal });
  socket.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"));
  const [request] = (await parsed) as [IncomingMessage];
  socket.destroy();
  return request;
}

/** Names and values of the block that a request becomes. */
async function convert(...lines: string[]) {
  const block = toRequestBlock(await parse(...lines), "http");
  return block?.fields.map(({ name, value }) => `${name}: ${value}`);
}

/** The three pseudo-headers that a target decides. */
async function target(line: string, host: string) {
  const block = toRequestBlock(await parse(line, `Host: ${host}`), "https");
  return block && [block.scheme, block.authority, block.path];
}

describe("a request's target", () => {
  const table: [line: string, host: string, expected: unknown][] = [
    ["GET /a?b=c HTTP/1.1", "x:1", ["https", "x:1", "/a?b=c"]],
    ["OPTIONS * HTTP/1.1", "x", ["https", "x", "*"]],
    ["GET * HTTP/1.1", "x", undefined],
    ["GET http://y:2/a?b HTTP/1.1", "x", ["https", "y:2", "/a?b"]],
    ["GET HTTPS://y/a HTTP/1.1", "x", ["https", "y", "/a"]],
    ["GET http://y HTTP/1.1", "x", ["https", "y", "/"]],
    ["GET http://y?b HTTP/1.1", "x", ["https", "y", "/?b"]],
    ["GET http://u@y/a HTTP/1.1", "x", undefined],
    ["GET http:///a HTTP/1.1", "x", undefined],
    ["GET ftp://y/a HTTP/1.1", "x", undefined],
    ["GET /a HTTP/1.1", "", ["https", undefined, "/a"]],
    ["GET /a HTTP/1.1", "u@x", ["https", undefined, "/a"]],
    ["GET /a#b HTTP/1.1", "x", undefined],
  ];
  for (const [line, host, expected] of table) {
    test(`${line}, host "${host}"`, async () => {
      assert.deepEqual(await target(line, host), expected);
    });
  }

  test("needs one Host, not two", async () => {
    const lines = ["GET / HTTP/1.1", "Host: a", "Host: a"] as const;
    assert.equal(await convert(...lines), undefined);
  });
});

describe("a request's fields", () => {
  test("come after the pseudo-headers, in lower case and in their order", async () => {
    const fields = await convert(
      ...["PUT /p HTTP/1.1", "Host: h", "X-B: 1", "x-a:  2 ", "X-B: 3"],
    );
    assert.deepEqual(fields, [
      ...[":method: PUT", ":scheme: http", ":authority: h", ":path: /p"],
      ...["x-b: 1", "x-a: 2", "x-b: 3"],
    ]);
  });

  test("are octets, whatever they mean", async () => {
    const fields = await convert(
      ...["GET / HTTP/1.1", "Host: h", "x: caf\xe9\tz"],
    );
    assert.equal(fields?.at(-1), "x: caf\xe9\tz");
  });

  test("that concern the connection stay there", async () => {
    const fields = await convert(
      ...["POST / HTTP/1.1", "Host: h", "Connection: close, X-Hop ,te"],
      ...["Keep-Alive: 5", "Proxy-Connection: x", "Upgrade: h2c"],
      ...["HTTP2-Settings: AAA", "Transfer-Encoding: chunked"],
      ...["X-Hop: secret", "TE: trailers", "X-Kept: 1"],
    );
    assert.deepEqual(fields?.slice(4), ["te: trailers", "x-kept: 1"]);
  });

  test("name no transfer coding but trailers", async () => {
    const fields = await convert("GET / HTTP/1.1", "Host: h", "TE: gzip");
    assert.equal(fields?.length, 4);
  });

  test("keep their length", async () => {
    const request = await parse(
      ...["POST / HTTP/1.1", "Host: h", "Content-Length: 5"],
    );
    const block = toRequestBlock(request, "http");
    assert.equal(block?.contentLength, 5);
    let size = 0;
    for (const field of block?.fields ?? []) size += field.size;
    assert.equal(block?.size, size);
  });
});

describe("trailers of a request", () => {
  const table: [raw: string[], expected: string[][] | undefined][] = [
    [[], undefined],
    [["X-T", " 1 "], [["x-t", "1"]]],
    [
      ["a", "1", "A", "2"],
      [
        ["a", "1"],
        ["a", "2"],
      ],
    ],
    [["Connection", "close", "x", "1"], [["x", "1"]]],
    [["a b", "1"], undefined],
    [["x", "\u0001"], undefined],
    [["Host", "x", "Expect", "x"], undefined],
  ];
  for (const [raw, expected] of table) {
    test(`[${raw}]`, () => {
      const block = toTrailerBlock(raw);
      const pairs = block?.fields.map(({ name, value }) => [name, value]);
      assert.deepEqual(pairs, expected);
    });
  }
});

test("a response is a list of names and values without pseudo-headers", () => {
  const block = createHeaderBlock([
    [":status", "200"],
    ["a", "1"],
    new HeaderField("b", "2", true),
    ["a", "3"],
  ]);
  assert.deepEqual(toFieldList(block, false), ["a", "1", "b", "2", "a", "3"]);
  const trailers = createHeaderBlock([["a", "1"]]);
  assert.deepEqual(toTrailers(trailers), [["a", "1"]]);
});
