// What happens when a handler throws: its own connection ends, the error is not
// swallowed, and nobody else notices.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createHeaderBlock, ErrorCode } from "../../../wire/index.ts";
import { startThrowing } from "../../support/throwing.ts";
import { connectClient, requestOf, turnsUntil } from "./duo.ts";

const TRAILERS = createHeaderBlock([["x-t", "1"]]);

const PROGRAM = new URL("throwing-program.ts", import.meta.url);

const options = { concurrency: true };

describe(
  "a handler that throws ends its connection, and no other, in",
  options,
  () => {
    for (const place of ["onRequest", "onData", "onTrailers"] as const) {
      it(`${place}()`, async () => {
        await using server = await startThrowing(PROGRAM, place);
        using bad = connectClient(server.port);
        using good = connectClient(server.port);
        const held = bad.call(requestOf("/held"));
        const waiting = good.call(requestOf("/good"));
        const { stream } = bad.call(requestOf("/bad"));
        stream.write(Buffer.from("x"));
        stream.end(TRAILERS);
        await turnsUntil("the end", () => bad.connection.state === "closed");
        const { internalError } = ErrorCode;
        assert.ok(
          bad.events.some((e) => e.startsWith(`goaway ${internalError} `)),
        );
        await turnsUntil("its calls' ends", () => held.stream.closed);
        await turnsUntil("it is told", () => server.lines().length >= 3);
        assert.deepEqual(server.lines().sort(), [
          `closed ${internalError}`,
          "held is closed",
          `uncaught in ${place}`,
        ]);
        waiting.stream.write(Buffer.from("x"), true);
        await turnsUntil("an answer", () => waiting.stream.closed);
        assert.equal(waiting.diary.response?.status, 200);
      });
    }
  },
);

describe(
  "a handler that throws where nobody reads holds up nobody else, in",
  options,
  () => {
    it("onSent()", async () => {
      await using server = await startThrowing(PROGRAM, "onSent");
      using bad = connectClient(server.port);
      using good = connectClient(server.port);
      const clients = [bad, good];
      await turnsUntil("settings", () =>
        clients.every(({ events }) => events[0] === "settings"),
      );
      bad.call(requestOf("/bad"), true);
      const { diary } = good.call(requestOf("/large"), true);
      await turnsUntil("it is told", () => server.lines().length >= 1);
      assert.ok(server.lines().includes("uncaught in onSent"));
      await turnsUntil("the other's answer", () =>
        diary.events.includes("close end"),
      );
      assert.equal(diary.bodyBytes, 2_000_000);
    });

    it("onClose(), while the connection ends", async () => {
      await using server = await startThrowing(PROGRAM, "onClose");
      using bad = connectClient(server.port);
      bad.call(requestOf("/bad"));
      bad.call(requestOf("/held"));
      await turnsUntil("settings", () => bad.events[0] === "settings");
      await new Promise((resolve) => bad.connection.ping(resolve));
      bad.socket.destroy();
      await turnsUntil("all is told", () => server.lines().length >= 3);
      const said = server.lines().sort();
      assert.deepEqual(said, [
        "closed 0",
        "held is closed",
        "uncaught in onClose",
      ]);
    });
  },
);
