// DATA frames that cost more than they carry: empty ones (CVE-2019-9518), tiny
// ones that nobody takes, mere padding, and more than the window allows.

import assert from "node:assert/strict";
import { it } from "node:test";
import { connectRaw, type RawClient } from "../../support/raw-http2/client.ts";
import {
  expectCutOff,
  expectGoaway,
  expectReset,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import { errorCode, settingOf } from "../../support/raw-http2/frame-reader.ts";
import {
  Code,
  data,
  FrameType,
  headers,
  repeat,
  Setting,
} from "../../support/raw-http2/frames.ts";
import { literal, requestBlock } from "../../support/raw-http2/hpack.ts";
import { flood } from "./flood.ts";
import type { Route } from "./victim.ts";
import { withVictim } from "./with-victim.ts";

/** The edge preset's numbers. */
const MAX_EMPTY = 10;
const SMALL_DATA_BUDGET_BYTES = 25_600;

const MAX_FRAME_BYTES = 16_384;

function post(client: RawClient, streamId: number, path: Route): void {
  client.request(streamId, { method: "POST", path }, { endStream: false });
}

const empty: [name: string, bytes: Buffer][] = [
  ["empty DATA", data(1, "")],
  ["DATA of nothing but padding", data(1, "", { padBytes: 255 })],
];
for (const [name, bytes] of empty) {
  it(`ends the connection after more than ten in a row: ${name}`, () =>
    withVictim({}, async (victim) => {
      using client = await connectRaw({ port: victim.port });
      post(client, 1, "/sink");
      const row = repeat(bytes, MAX_EMPTY);
      for (let i = 0; i < 5; i++) client.send(row, data(1, "x".repeat(256)));
      client.request(3);
      await expectResponse(client, 3, 200);
      client.send(row, bytes);
      await expectGoaway(client, Code.enhanceYourCalm);
      await victim.endedBy("maxEmptyDataFrames");
      assert.equal((await victim.counts()).endedBodies, 0);
    }));
}

it("counts empty DATA of all streams together", () =>
  withVictim({}, async (victim) => {
    using client = await connectRaw({ port: victim.port });
    for (let id = 1; id < 100; id += 2) post(client, id, "/sink");
    for (let id = 1; id < 100; id += 2) client.send(data(id, ""));
    await expectGoaway(client, Code.enhanceYourCalm);
    await victim.endedBy("maxEmptyDataFrames");
  }));

it("ends a connection that fills the memory with tiny DATA", () =>
  withVictim({}, async (victim) => {
    using client = await connectRaw({ port: victim.port });
    post(client, 1, "/hold");
    const allowed = Math.floor(SMALL_DATA_BUDGET_BYTES / 255) - 5;
    client.send(repeat(data(1, "x"), allowed));
    client.request(3);
    await expectResponse(client, 3, 200);
    client.send(repeat(data(1, "x".repeat(MAX_FRAME_BYTES)), 2));
    client.send(repeat(data(1, "x"), allowed));
    client.request(5);
    await expectResponse(client, 5, 200);
    client.send(repeat(data(1, "x"), 20));
    await expectGoaway(client, Code.enhanceYourCalm);
    await victim.endedBy("smallDataBudgetBytes");
  }));

it("ends a connection that goes on sending for a stream that was reset", () =>
  withVictim({}, async (victim) => {
    using client = await connectRaw({ port: victim.port });
    const upperCase = literal("Upper", "case");
    client.send(headers(1, Buffer.concat([requestBlock(), upperCase])));
    // Some of it may have been on its way.
    client.send(repeat(data(1, "x".repeat(1_000)), 50));
    await expectReset(client, 1, Code.protocolError);
    client.request(3);
    await expectResponse(client, 3, 200);
    await flood(client, repeat(data(1, "x"), 1_000), 100);
    await expectCutOff(client, Code.enhanceYourCalm);
    await victim.endedBy("wastedBurst");
    assert.equal((await victim.counts()).bodyBytes, 0);
  }));

it("takes as much tiny DATA as its receiver consumes", () =>
  withVictim({}, async (victim) => {
    using client = await connectRaw({ port: victim.port });
    post(client, 1, "/sink");
    client.send(repeat(data(1, "x"), 10_000));
    client.send(data(1, "", { endStream: true }));
    await expectResponse(client, 1, 200);
    assert.equal((await victim.counts()).bodyBytes, 10_000);
  }));

for (const padBytes of [undefined, 255]) {
  const padded = padBytes === undefined ? "" : ", padding counted";
  it(`never takes more of a body than the window allows${padded}`, () =>
    withVictim({}, async (victim) => {
      using client = await connectRaw({ port: victim.port });
      const { settings } = FrameType;
      const theirs = await client.frame("SETTINGS", (f) => f.type === settings);
      const window = settingOf(theirs, Setting.initialWindowSize) ?? 65_535;
      post(client, 1, "/hold");
      const piece = "x".repeat(1_000);
      const cost = padBytes === undefined ? 1_000 : 1_000 + padBytes + 1;
      const frames = Math.floor(window / cost);
      client.send(repeat(data(1, piece, { padBytes }), frames));
      client.request(3);
      await expectResponse(client, 3, 200);
      client.send(repeat(data(1, piece, { padBytes }), 2));
      // RFC 9113, section 6.9.1: the stream or the connection, as it likes.
      const { rstStream, goaway } = FrameType;
      const error = await client.frame(
        "an error",
        ({ type }) => type === rstStream || type === goaway,
      );
      assert.equal(errorCode(error), Code.flowControlError);
      const { bodyBytes } = await victim.counts();
      assert(bodyBytes <= window, `${bodyBytes} of ${window} bytes`);
    }));
}
