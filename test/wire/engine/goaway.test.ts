// In which order a client hears of its server's leaving: first that it leaves,
// so that nobody sends a refused call there again, then what that means.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, FrameType, goaway } from "../../support/raw-http2/frames.ts";
import { listenRaw } from "../../support/raw-http2/server.ts";
import { connectClient, turnsUntil } from "./duo.ts";

/** Make two calls; tell what is known when each of them ends. */
async function begin() {
  const server = await listenRaw();
  const client = connectClient(server.port);
  const ends: string[][] = [];
  for (let i = 0; i < 2; i++) {
    client.call(undefined, true).diary.onEvent = (event) => {
      ends.push([...client.events, event]);
    };
  }
  const peer = await server.accept();
  await turnsUntil("settings", () => client.events.includes("settings"));
  await peer.until("both are asked for", () =>
    peer.frames.filter(({ type }) => type === FrameType.headers).length === 2
      ? true
      : undefined,
  );
  return {
    ...{ client, peer, ends },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe("a client is told of GOAWAY", () => {
  it("before its refused calls end, and never after its own end", async () => {
    await using link = await begin();
    const { client, peer, ends } = link;
    peer.send(goaway(0, Code.noError));
    await turnsUntil("its end", () => client.connection.state === "closed");
    const refused = `close refused ${Code.refusedStream}`;
    const known = ["settings", "goaway 0 0", refused];
    assert.deepEqual(ends, [known, known]);
    const words = client.events.map((event) => event.split(" ")[0]);
    assert.deepEqual(words, ["settings", "goaway", "close"]);
  });

  it("before one of them ends, while the other goes on", async () => {
    await using link = await begin();
    const { client, peer, ends } = link;
    peer.send(goaway(1, Code.noError));
    await turnsUntil("an end", () => ends.length === 1);
    const refused = `close refused ${Code.refusedStream}`;
    assert.deepEqual(ends, [["settings", "goaway 0 1", refused]]);
    peer.respond(1, 200);
    await turnsUntil("its end", () => client.connection.state === "closed");
    assert.equal(ends.at(-1)?.at(-1), "close end");
    const words = client.events.map((event) => event.split(" ")[0]);
    assert.deepEqual(words, ["settings", "goaway", "close"]);
  });

  it("not any more once it has ended", async () => {
    await using link = await begin();
    const { client, peer } = link;
    peer.send(goaway(0, Code.noError), goaway(0, Code.internalError));
    await turnsUntil("its end", () => client.connection.state === "closed");
    await peer.until("the end", () => (peer.ended ? true : undefined));
    const words = client.events.map((event) => event.split(" ")[0]);
    assert.deepEqual(words, ["settings", "goaway", "close"]);
  });
});
