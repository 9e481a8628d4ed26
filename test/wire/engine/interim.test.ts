// Interim answers (1xx) are passed on at once, so that their number must have
// an end: a server that sends them for ever loses the stream.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { expectReset } from "../../support/raw-http2/expectations.ts";
import { Code, FrameType } from "../../support/raw-http2/frames.ts";
import { listenRaw } from "../../support/raw-http2/server.ts";
import { connectClient, turnsUntil } from "./duo.ts";

/** As many as one answer may have before it. */
const MOST = 100;

const open = { endStream: false };

/** Two calls of a client, and the server's hand. */
async function begin() {
  const server = await listenRaw();
  const client = connectClient(server.port);
  const calls = [client.call(undefined, true), client.call(undefined, true)];
  const [one, other] = calls;
  if (one === undefined || other === undefined) assert.fail();
  const peer = await server.accept();
  await peer.until("both are asked for", () =>
    peer.frames.filter(({ type }) => type === FrameType.headers).length === 2
      ? true
      : undefined,
  );
  return {
    ...{ client, peer, one, other },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe("of one stream's interim answers", () => {
  it(`${MOST} are passed on, and then the answer`, async () => {
    await using link = await begin();
    const { peer, one } = link;
    for (let i = 0; i < MOST; i++) peer.respond(one.stream.id, 103, open);
    peer.respond(one.stream.id, 200);
    await turnsUntil("the end", () => one.stream.closed);
    assert.equal(one.diary.information.length, MOST);
    assert.deepEqual(one.diary.events.slice(MOST), [
      "response 200 end",
      "close end",
    ]);
  });

  it("one more resets it, and no other", async () => {
    await using link = await begin();
    const { client, peer, one, other } = link;
    for (let i = 0; i < MOST; i++) peer.respond(other.stream.id, 103, open);
    for (let i = 0; i < 2 * MOST; i++) peer.respond(one.stream.id, 103, open);
    await expectReset(peer, one.stream.id, Code.enhanceYourCalm);
    assert.equal(one.diary.information.length, MOST);
    const end = `close local ${Code.enhanceYourCalm}`;
    assert.equal(one.diary.events.at(-1), end);

    peer.respond(other.stream.id, 200);
    await turnsUntil("the other's end", () => other.stream.closed);
    assert.equal(other.diary.events.at(-1), "close end");
    assert.equal(client.connection.state, "open");
  });
});
