// Streams that we reset: their peer hears of it later, and what it sends until
// then is no error, however many they were.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ErrorCode,
  internalLimits,
  resolveLimits,
} from "../../../wire/index.ts";
import { connectRaw } from "../../support/raw-http2/client.ts";
import { expectResponse } from "../../support/raw-http2/expectations.ts";
import {
  data,
  FrameType,
  headers,
  rstStream,
  windowUpdate,
} from "../../support/raw-http2/frames.ts";
import { encodeFields } from "../../support/raw-http2/hpack.ts";
import { listenRaw } from "../../support/raw-http2/server.ts";
import { connectClient, OK, startServer, turnsUntil } from "./duo.ts";

/** More than anybody would remember one by one. */
const RESETS = 1_500;

const TRAILERS = encodeFields([["x-t", "1"]]);

const late: [name: string, frames: (streamId: number) => Buffer][] = [
  ["DATA", (id) => data(id, "late")],
  ["empty DATA that ends it", (id) => data(id, "", { endStream: true })],
  ["trailers", (id) => headers(id, TRAILERS, { endStream: true })],
  ["WINDOW_UPDATE", (id) => windowUpdate(id, 1)],
  ["RST_STREAM", (id) => rstStream(id, ErrorCode.cancel)],
];

describe(`after ${RESETS} resets of a client's, its server may still send`, () => {
  for (const [name, frames] of late) {
    it(name, async () => {
      await using server = await listenRaw();
      using client = connectClient(server.port);
      const peer = await server.accept();
      await turnsUntil("settings", () => client.events.includes("settings"));
      const bystander = client.call(undefined, true);
      const calls = Array.from({ length: RESETS }, () =>
        client.call(undefined, true),
      );
      const ids = calls.map(({ stream }) => stream.id);
      const count = (wanted: number) =>
        peer.frames.filter(({ type }) => type === wanted).length;
      await peer.until("all are asked for", () =>
        count(FrameType.headers) === RESETS + 1 ? true : undefined,
      );
      const open = { endStream: false };
      peer.respond(bystander.stream.id, 200, open);
      for (const id of ids) peer.respond(id, 200, open);
      const answered = () => calls.every(({ diary }) => diary.response);
      await turnsUntil("all are answered", answered);
      for (const { stream } of calls) stream.reset(ErrorCode.cancel);

      peer.send(...ids.map(frames));
      peer.send(data(bystander.stream.id, "all of it", { endStream: true }));
      const { diary } = bystander;
      await turnsUntil("its end", () => bystander.stream.closed);
      assert.equal(diary.events.at(-1), "close end");
      assert.equal(diary.body, "all of it");
      assert.equal(client.connection.state, "open");
    });
  }
});

describe(`after ${RESETS} resets of a server's, its client may still send`, () => {
  const limits = resolveLimits(internalLimits, {
    maxConcurrentStreams: 2 * RESETS,
  });
  for (const [name, frames] of late) {
    it(name, async () => {
      await using server = await startServer(() => {}, { limits });
      using client = await connectRaw({ port: server.port });
      const body = { endStream: false };
      const ids = Array.from({ length: RESETS }, (_, i) => 2 * i + 3);
      client.request(1, { method: "POST" }, body);
      for (const id of ids) client.request(id, { method: "POST" }, body);
      const { arrivals } = server;
      await turnsUntil("all came", () => arrivals.length === RESETS + 1);
      for (const { stream } of arrivals.slice(1))
        stream.reset(ErrorCode.cancel);

      client.send(...ids.map(frames));
      client.send(data(1, "all of it", { endStream: true }));
      const [first] = arrivals;
      await turnsUntil("its body", () => first?.stream.remoteEnded === true);
      first?.stream.respond(OK, true);
      await expectResponse(client, 1, 200);
      assert.equal(first?.diary.body, "all of it");
      assert.equal(server.stats.connectionErrors, 0);
    });
  }
});
