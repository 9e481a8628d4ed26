// MadeYouReset, CVE-2025-8671: six frames that make a server reset a stream
// whose work goes on, without the client ever sending RST_STREAM. Each is
// answered with a connection error at once, as RFC 9113, section 5.4.1, allows.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connectRaw } from "../../support/raw-http2/client.ts";
import {
  expectGoaway,
  expectResponse,
} from "../../support/raw-http2/expectations.ts";
import { firstWord } from "../../support/raw-http2/frame-reader.ts";
import {
  Code,
  data,
  FrameType,
  frame,
  headers,
  priority,
  windowUpdate,
} from "../../support/raw-http2/frames.ts";
import { literal } from "../../support/raw-http2/hpack.ts";
import { withVictim } from "./with-victim.ts";

/** What is sent on stream 3, which is open; the client's side of it has ended. */
const primitives: readonly [name: string, bytes: Buffer, code: number][] = [
  [
    "a WINDOW_UPDATE that makes the window overflow",
    windowUpdate(3, 0x7fff_ffff),
    Code.flowControlError,
  ],
  ["a WINDOW_UPDATE of 0", windowUpdate(3, 0), Code.protocolError],
  [
    "HEADERS after END_STREAM",
    headers(3, literal("x", "y"), { endStream: true }),
    Code.streamClosed,
  ],
  ["DATA after END_STREAM", data(3, "late"), Code.streamClosed],
  [
    "PRIORITY of 6 bytes",
    frame({
      ...{ type: FrameType.priority, streamId: 3, payload: Buffer.alloc(6) },
    }),
    Code.frameSizeError,
  ],
  [
    "a stream that depends on itself",
    priority(3, { dependsOn: 3 }),
    Code.protocolError,
  ],
];

describe("a frame that would make the server reset a stream", () => {
  for (const [name, bytes, code] of primitives) {
    it(`ends the connection: ${name}`, () =>
      withVictim({}, async (victim) => {
        using client = await connectRaw({ port: victim.port });
        client.request(1);
        await expectResponse(client, 1, 200);
        client.request(3, { path: "/held" });
        await victim.until("held", 1);
        client.send(bytes);
        client.request(5, { path: "/held" });
        const goaway = await expectGoaway(client, code);
        assert.equal(firstWord(goaway), 3, "the last stream it handled");
        const counts = await victim.until("openConnections", 1);
        assert.equal(counts.held, 1, "what follows is not served");
        assert.equal(counts.closedBy["connection"], 1);
        assert.equal(counts.goodbyes.at(-1)?.code, code);
      }));
  }
});
