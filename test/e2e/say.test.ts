// The exchange of say: who is spoken to answers, and the log tells who spoke
// to whom, never what was said.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { SayService } from "../../gen/say/v1/say_pb.ts";
import { curl } from "../support/command.ts";
import { type Mesh, startMesh } from "../support/mesh.ts";

suite("say", () => {
  let mesh: Mesh;
  before(async () => {
    mesh = await startMesh({ "services/say/main.ts": "say.v1.SayService" });
  });
  after(() => mesh?.[Symbol.asyncDispose]());

  const places = {
    "the service": () => mesh.services[0]?.url ?? "",
    "the gateway": () => mesh.gateway.url,
  };
  for (const [place, url] of Object.entries(places)) {
    test(`a message to the server is answered by it at ${place}`, async () => {
      const transport = createGrpcTransport({ baseUrl: url() });
      const { from, to, msg } = await createClient(SayService, transport).hello(
        { from: "client", to: "server", msg: "hello aoho" },
      );
      assert.deepEqual(
        { from, to, msg },
        { from: "server", to: "client", msg: "ok" },
      );
    });

    test(`the service logs who spoke to whom, and not what was said, at ${place}`, async () => {
      const from = `ann at ${place}`;
      const request = { from, to: "bob", msg: "my secret" };
      await curl(
        ...["--header", "content-type: application/json"],
        ...["--data", JSON.stringify(request)],
        `${url()}/say.v1.SayService/Hello`,
      );
      const program = mesh.services[0]?.program;
      const line = await program?.line(({ fields }) => fields["from"] === from);
      assert.equal(line?.fields["to"], "bob");
      assert.equal(line?.fields["msg"], "message");
      for (const running of [...mesh.services, mesh.gateway])
        for (const { text } of running.program.lines)
          assert.doesNotMatch(text, /my secret|hello aoho/);
    });

    test(`a call with a side effect is not to be had by GET at ${place}`, async () => {
      const query = "?encoding=json&message=%7B%22from%22%3A%22a%22%7D";
      const answer = await curl(`${url()}/say.v1.SayService/Hello${query}`);
      assert.equal(answer.status, 405);
      assert.match(answer.body, /Hello takes POST/);
    });
  }
});
