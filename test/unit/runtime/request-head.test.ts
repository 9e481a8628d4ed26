// What reaches a handler of a request, over both HTTP versions.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createContextKey, createContextValues } from "@connectrpc/connect";
import { type HttpVersion, sendRequest } from "../../support/raw-http.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import {
  expectResponse,
  fieldOf,
} from "../../support/raw-http2/expectations.ts";
import { data, headers } from "../../support/raw-http2/frames.ts";
import {
  encodeFields,
  type RequestParts,
} from "../../support/raw-http2/hpack.ts";
import { greeterThat, PATHS, startGreeter } from "./greeter-server.ts";

const JOHN = '{"name":"john"}';
const json = { "content-type": "application/json" };

describe("a request", () => {
  /** What a handler saw of a request whose header block is given byte by byte. */
  async function seenOf(parts: RequestParts) {
    const seen = { url: "", header: new Headers() };
    await using server = await startGreeter(
      greeterThat(({ url, requestHeader }) => {
        seen.url = url;
        seen.header = requestHeader;
      }),
    );
    using client = await connectRaw({ port: server.port });
    const fields = [...Object.entries(json), ...(parts.fields ?? [])];
    client.request(
      1,
      { method: "POST", path: PATHS.hello, ...parts, fields },
      { endStream: false },
    );
    client.send(data(1, JOHN, { endStream: true }));
    const { blocks } = await expectResponse(client, 1, 200);
    assert.equal(
      fieldOf(blocks[0] ?? [], "content-type"),
      json["content-type"],
    );
    return seen;
  }

  const hosts = [
    { fields: [["host", "example.org"]] as const, host: "example.org" },
    { fields: [], host: "invalid" },
  ];
  for (const { fields, host } of hosts) {
    test(`without an authority, but ${fields.length} host field, has a URL that names ${host}`, async () => {
      let seen = "";
      await using server = await startGreeter(
        greeterThat(({ url }) => {
          seen = url;
        }),
      );
      using client = await connectRaw({ port: server.port });
      const block = encodeFields([
        [":method", "POST"],
        [":scheme", "http"],
        [":path", PATHS.hello],
        ...Object.entries(json),
        ...fields,
      ]);
      client.send(headers(1, block), data(1, JOHN, { endStream: true }));
      await expectResponse(client, 1, 200);
      assert.equal(seen, `http://${host}${PATHS.hello}`);
    });
  }

  const authorities = [
    { authority: "example.org:81", host: "example.org:81" },
    { authority: "::1:8080", host: "invalid" },
    { authority: "a b", host: "invalid" },
    { authority: "", host: "invalid" },
  ];
  for (const { authority, host } of authorities) {
    test(`to the authority "${authority}" is served, and its URL names ${host}`, async () => {
      const { url } = await seenOf({ authority });
      assert.equal(url, `http://${host}${PATHS.hello}`);
    });
  }

  test("has the values of a repeated field as a list, the first one where there can be one only", async () => {
    const { header } = await seenOf({
      fields: [
        ["x-list", "a"],
        ["x-list", "b"],
        ["cookie", "a=1"],
        ["cookie", "b=2"],
        ["authorization", "first"],
        ["authorization", "second"],
        ["content-type", "text/plain"],
        ["x-latin1", "caf\u00e9"],
      ],
    });
    assert.equal(header.get("x-list"), "a, b");
    assert.equal(header.get("cookie"), "a=1; b=2");
    assert.equal(header.get("authorization"), "first");
    assert.equal(header.get("content-type"), "application/json");
    assert.equal(header.get("x-latin1"), "caf\u00e9");
  });

  test("has all characters that a name may have, and no pseudo-header", async () => {
    const { header } = await seenOf({
      fields: [["x!#$%&'*+-.^_`|~9", "1"]],
    });
    const names = [...header.keys()];
    assert.deepEqual(names, ["content-type", "x!#$%&'*+-.^_`|~9"]);
  });

  const versions: [HttpVersion, string][] = [
    ["HTTP/1.1", "/greeter.v1.GreeterService/Hello"],
    ["h2c", "/greeter.v1.GreeterService/Hello"],
  ];
  for (const [version, path] of versions) {
    test(`by GET has its message in its query, over ${version}`, async () => {
      await using server = await startGreeter(greeterThat(() => {}));
      const message = encodeURIComponent('{"name":"Zo\u00eb"}');
      const { body } = await sendRequest({
        ...{ version, url: server.url, method: "GET" },
        path: `${path}?encoding=json&message=${message}`,
      });
      assert.equal(body.toString(), '{"greeting":"Hello Zo\u00eb"}');
    });

    test(`has the context values made for it, over ${version}`, async () => {
      const key = createContextKey("nothing");
      let seen = "";
      await using server = await startGreeter(
        greeterThat(({ values }) => {
          seen = values.get(key);
        }),
        {
          contextValues: (headers) =>
            createContextValues().set(key, headers.get("x-key") ?? ""),
        },
      );
      const headers = { ...json, "x-key": "value" };
      await sendRequest({
        ...{ version, url: server.url, path, headers },
        body: JOHN,
      });
      assert.equal(seen, "value");
    });
  }
});
