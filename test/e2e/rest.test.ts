// The greeter by curl, as in the README: its REST path and its RPC path, over
// both HTTP versions, at the gateway and at the service itself.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { curl, run } from "../support/command.ts";
import { greeterOnly, type Mesh, startMesh } from "../support/mesh.ts";

const json = ["--header", "content-type: application/json"];
const john = [...json, "--data", '{"name":"john"}'];
const rest = "/greeter/hello";
const rpc = "/greeter.v1.GreeterService/Hello";

suite("curl", () => {
  let mesh: Mesh;
  before(async () => {
    mesh = await startMesh(greeterOnly);
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  const places = {
    gateway: () => mesh.gateway.url,
    service: () => mesh.services[0]?.url ?? "",
  };
  const versions = [
    { version: "1.1", flags: ["--http1.1"] },
    { version: "2", flags: ["--http2-prior-knowledge"] },
  ];

  for (const [place, url] of Object.entries(places)) {
    for (const { version, flags } of versions) {
      for (const path of [rest, rpc]) {
        test(`POST ${path} over HTTP/${version} at the ${place} is answered`, async () => {
          const answer = await curl(...flags, ...john, url() + path);
          const body = '{"greeting":"Hello john"}';
          assert.deepEqual(answer, { status: 200, httpVersion: version, body });
        });
      }

      test(`GET of the RPC over HTTP/${version} at the ${place} is answered`, async () => {
        const query = `?encoding=json&message=${encodeURIComponent('{"name":"john"}')}`;
        const { status, body } = await curl(...flags, url() + rpc + query);
        assert.equal(body, '{"greeting":"Hello john"}');
        assert.equal(status, 200);
      });

      test(`any letter and an empty name are greeted over HTTP/${version} at the ${place}`, async () => {
        const data = ["--data", '{"name":"Zoë 🐚"}'];
        const zoe = await curl(...flags, ...json, ...data, url() + rest);
        assert.equal(zoe.body, '{"greeting":"Hello Zoë 🐚"}');
        const world = await curl(...flags, ...json, "-d", "{}", url() + rest);
        assert.equal(world.body, '{"greeting":"Hello world"}');
      });
    }

    test(`an offer to upgrade to HTTP/2 is passed over at the ${place}`, async () => {
      const answer = await curl("--http2", ...john, url() + rest);
      assert.equal(answer.httpVersion, "1.1");
      assert.equal(answer.body, '{"greeting":"Hello john"}');
    });

    test(`a body without a length is taken at the ${place}`, async () => {
      const chunked = ["--header", "transfer-encoding: chunked"];
      const { body } = await curl(...chunked, ...john, url() + rest);
      assert.equal(body, '{"greeting":"Hello john"}');
    });

    // Over HTTP/2 curl 7.88 fails at this against any server.
    test(`two calls share one connection over HTTP/1.1 at the ${place}`, async () => {
      const one = [...john, "--write-out", " %{num_connects};"];
      const { stdout } = await run("curl", [
        ...["--silent", ...one, url() + rest],
        ...["--next", "--silent", ...one, url() + rpc],
      ]);
      const greeting = '{"greeting":"Hello john"}';
      assert.equal(stdout, `${greeting} 1;${greeting} 0;`);
    });

    test(`a wrong verb at the ${place} is refused with the right one`, async () => {
      for (const verb of ["GET", "PUT", "PATCH", "DELETE"]) {
        const answer = await curl("--request", verb, ...json, url() + rest);
        assert.equal(answer.status, 405, verb);
        assert.match(answer.body, /\/greeter\/hello takes POST/);
      }
    });

    test(`HEAD at the ${place} is answered without a body`, async () => {
      const { status, body } = await curl("--head", url() + rest);
      assert.equal(status, 405);
      assert.match(body, /^allow: POST\r$/im);
    });

    test(`a REST path takes nothing but JSON at the ${place}`, async () => {
      const form = await curl("--data", "name=john", url() + rest);
      assert.equal(form.status, 415);
      assert.match(form.body, /use application\/json/);
    });
  }
});
