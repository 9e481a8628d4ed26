// What an answer to a web page carries, whoever wrote it.

import assert from "node:assert/strict";
import { afterEach, suite, test } from "node:test";
import { addCorsHeaders } from "../../../gateway/cors-stream.ts";
import { createHeaderBlock, type HeaderBlock } from "../../../wire/index.ts";
import { requestFor, responseOf, type Scene, startScene } from "./scene.ts";

const APP = "https://app.example.com";

suite("An answer's header block", () => {
  const answer = () =>
    createHeaderBlock([
      [":status", "200"],
      ["x-a", "1"],
      ["vary", "Accept-Encoding"],
    ]);

  test("says which page may read it, and which of its fields", () => {
    const block = addCorsHeaders(answer(), APP);
    assert.equal(block.status, 200);
    assert.equal(block.get("x-a"), "1");
    assert.equal(block.get("access-control-allow-origin"), APP);
    const exposed = block.get("access-control-expose-headers")?.split(", ");
    assert.ok(exposed?.includes("x-a"));
    assert.ok(exposed?.includes("grpc-status"));
    assert.ok(!exposed?.includes(":status"));
    assert.deepEqual(valuesOf(block, "vary"), ["Accept-Encoding", "Origin"]);
  });

  test("says to others only that it depends on who asks", () => {
    const block = addCorsHeaders(answer(), undefined);
    assert.deepEqual(valuesOf(block, "vary"), ["Accept-Encoding", "Origin"]);
    assert.ok(!block.fields.some(({ name }) => name.startsWith("access-")));
  });

  test("is made once for an origin, and never given to another", () => {
    const given = answer();
    const block = addCorsHeaders(given, APP);
    assert.equal(addCorsHeaders(given, APP), block);
    for (const origin of ["https://b.example.com", undefined, APP]) {
      const other = addCorsHeaders(given, origin);
      assert.equal(other.get("access-control-allow-origin"), origin);
    }
  });
});

suite("A call from a web page over HTTP/2", () => {
  let scene: Scene;
  afterEach(() => scene[Symbol.asyncDispose]());

  test("is relayed like any other, both bodies and all", async () => {
    const callerLimits = { streamWindowBytes: 100_000 };
    scene = await startScene({ corsOrigins: [APP], callerLimits });
    const type = "application/grpc-web+proto";
    const body = Buffer.alloc(4 << 20, "x");
    const caller = scene.request(requestFor(type, [["origin", APP]]));
    caller.stream.write(body, true);
    const served = await scene.instance.call(0);
    await served.until(() => served.ended);
    assert.equal(served.bytes, body.length);
    served.stream.respond(responseOf(200, type, [["x-a", "1"]]));
    served.stream.write(body, true);
    assert.deepEqual(await caller.closed(), { code: 0, by: "end" });
    assert.equal(caller.bytes, body.length);
    assert.equal(caller.response?.get("access-control-allow-origin"), APP);
  });
});

function valuesOf({ fields }: HeaderBlock, wanted: string): string[] {
  return fields.filter(({ name }) => name === wanted).map(({ value }) => value);
}
