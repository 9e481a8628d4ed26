// Requests that can't be served: each is refused with the right code, in the
// place where the caller's protocol wants it, and with a reason that helps.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { greeterOnly, type Mesh, startMesh } from "../support/mesh.ts";
import { httpVersions, sendRequest } from "../support/raw-http.ts";
import {
  callRaw,
  encodeMessage,
  headersOf,
  type RawProtocol,
  rawKinds,
  readFailure,
} from "../support/raw-rpc.ts";

/** What services speak; gRPC-Web as text is not. */
const served = rawKinds.filter(({ protocol }) => protocol !== "gRPC-Web text");

interface Situation {
  readonly name: string;
  /** Defaults to a method that fits the protocol. */
  readonly method?: string;
  readonly json: string;
  readonly code: string;
  readonly says: RegExp;
  /** The HTTP status of unary Connect, if it is not the one of the code. */
  readonly status?: number;
}

const hello = "greeter.v1.GreeterService/Hello";

/** Not what a gRPC client would take for an error of Connect's. */
const PLAIN_ERROR = "application/json; charset=utf-8";

const situations: readonly Situation[] = [
  {
    name: "malformed JSON",
    json: '{"name":',
    code: "invalid_argument",
    says: /JSON/,
  },
  {
    name: "JSON that is no object",
    json: '["john"]',
    code: "invalid_argument",
    says: /Request from JSON/,
  },
  {
    name: "a field of the wrong type",
    json: '{"name":5}',
    code: "invalid_argument",
    says: /name/,
  },
  {
    name: "an unknown method",
    method: "greeter.v1.GreeterService/Goodbye",
    json: "{}",
    code: "unimplemented",
    status: 404,
    says: /nothing is served at \/greeter\.v1\.GreeterService\/Goodbye.*--list-methods/,
  },
  {
    name: "a service that nobody ever heard of",
    method: "no.v1.NoService/Hello",
    json: "{}",
    code: "unimplemented",
    status: 404,
    says: /no\.v1\.NoService/,
  },
  {
    name: "a message over 4 MiB",
    json: JSON.stringify({ name: "x".repeat(5 << 20) }),
    code: "resource_exhausted",
    says: /larger than .* 4194304/,
  },
];

suite("requests that can't be served", () => {
  let mesh: Mesh;
  before(async () => {
    mesh = await startMesh(greeterOnly);
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  const places = {
    "the service": () => mesh.services[0]?.url ?? "",
    "the gateway": () => mesh.gateway.url,
  };
  for (const [place, url] of Object.entries(places)) {
    for (const situation of situations) {
      const { name, json, code, says, status } = situation;
      for (const kind of served) {
        const { protocol, version } = kind;
        test(`${name}, ${protocol} over ${version} at ${place}: ${code}`, async () => {
          const method = situation.method ?? methodFor(protocol);
          const response = await callRaw(kind, { url: url(), method }, json);
          const failure = readFailure(protocol, response, status);
          assert.equal(failure.code, code);
          assert.match(failure.message, says);
        });
      }
    }

    for (const version of httpVersions) {
      const contentTypes = [
        undefined,
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml; charset=utf-8",
        "application/grpcx",
        "application/connect+xml",
      ];
      for (const type of contentTypes) {
        test(`content type ${type} over ${version} at ${place}: 415, with those there are`, async () => {
          const response = await sendRequest({
            ...{ version, url: url(), path: `/${hello}`, body: "{}" },
            ...(type && { headers: { "content-type": type } }),
          });
          assert.equal(response.status, 415);
          assert.match(reasonOf(response.body), /use application\/json, /);
          assert.match(
            String(response.headers["accept-post"]),
            /application\/grpc-web/,
          );
        });
      }

      test(`gRPC-Web as text over ${version} at ${place} is told what is served`, async () => {
        const kind = { protocol: "gRPC-Web text", version } as const;
        const target = { url: url(), method: hello };
        const response = await callRaw(kind, target, "{}");
        const failure = readFailure(kind.protocol, response);
        assert.equal(failure.code, "unknown");
        assert.match(
          failure.message,
          /is not supported, use application\/json/,
        );
      });

      for (const verb of ["PUT", "DELETE", "PATCH", "OPTIONS"]) {
        test(`${verb} over ${version} at ${place}: 405, with the verbs there are`, async () => {
          const response = await sendRequest({
            ...{ version, url: url(), path: `/${hello}`, method: verb },
            headers: { "content-type": "application/json" },
            body: "{}",
          });
          assert.equal(response.status, 405);
          assert.equal(response.headers["allow"], "GET, POST");
          assert.match(reasonOf(response.body), /Hello takes GET, POST/);
        });
      }

      test(`GET of a method with side effects over ${version} at ${place}: 405`, async () => {
        const path = "/greeter.v1.GreeterService/Countdown";
        const response = await sendRequest({
          ...{ version, url: url(), path, method: "GET" },
        });
        assert.equal(response.status, 405);
        assert.equal(response.headers["allow"], "POST");
      });

      test(`GET without a message over ${version} at ${place} says what it needs`, async () => {
        const response = await sendRequest({
          ...{ version, url: url(), path: `/${hello}`, method: "GET" },
        });
        assert.equal(response.status, 404);
        assert.match(reasonOf(response.body), /encoding and message/);
      });

      for (const path of ["/", "/favicon.ico", "/greeter", "/a/b/c/d"]) {
        test(`${path} over ${version} at ${place}: 404 as JSON, not as a page`, async () => {
          const response = await sendRequest({
            ...{ version, url: url(), path, method: "GET" },
          });
          assert.equal(response.status, 404);
          assert.equal(response.headers["content-type"], PLAIN_ERROR);
          assert.match(reasonOf(response.body), /nothing is served at/);
        });
      }
    }

    test(`gRPC over HTTP/1.1 at ${place}: 505, as it can't be said in trailers`, async () => {
      const response = await sendRequest({
        ...{ version: "HTTP/1.1", url: url(), path: `/${hello}` },
        headers: headersOf("gRPC"),
        body: encodeMessage("gRPC", "{}"),
      });
      assert.equal(response.status, 505);
      assert.equal(response.headers["content-type"], PLAIN_ERROR);
      assert.match(reasonOf(response.body), /gRPC needs HTTP\/2/);
    });
  }
});

/** Connect tells unary calls and streams apart by their content type. */
function methodFor(protocol: RawProtocol): string {
  return protocol === "Connect streaming"
    ? "greeter.v1.GreeterService/Countdown"
    : hello;
}

function reasonOf(body: Buffer): string {
  const { message } = JSON.parse(body.toString());
  return message;
}
